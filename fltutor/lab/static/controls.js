// Controls that all labs share: real inputs, labelled, with units.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  // JupyterLab's shortcuts match the focused element itself: an ancestor is not enough.
  if (["input", "select", "button"].includes(tag)) made.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function shown(value, step) {
  let digits = 0;
  while (digits < 4 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-9) digits += 1;
  return value.toFixed(digits);
}

// A slider over low..high, or over the places of a list of numbers.
function slider(control, value, moved) {
  const list = control.kind === "choice" ? control.choices : null;
  const [low, high, step] = list ? [0, list.length - 1, 1] : [control.low, control.high, control.step];
  const words = (place) => (list ? control.shown[place] : shown(place, step));
  const input = element("input", { type: "range", min: `${low}`, max: `${high}`, step: `${step}`, "aria-label": control.text });
  input.value = list ? list.indexOf(value) : value;
  const output = element("output", {}, words(Number(input.value)));
  const told = () => {
    output.textContent = words(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  told();
  input.addEventListener("input", () => {
    told();
    moved(list ? list[Number(input.value)] : Number(Number(input.value).toFixed(6)));
  });
  return element("label", {}, element("span", {}, control.text), input, output);
}

function menu(control, value, moved) {
  const options = control.choices.map((key, k) => element("option", { value: key, selected: key === value }, control.shown[k]));
  const input = element("select", { "aria-label": control.text }, ...options);
  input.addEventListener("change", () => moved(input.value));
  return element("label", {}, element("span", {}, control.text), input);
}

// Few choices: all of them in sight. A group's name is one for the whole page.
function radios(control, value, moved) {
  const name = `fltutor-${Math.random().toString(36).slice(2)}`;
  const options = control.choices.map((key, k) => {
    const input = element("input", { type: "radio", name, value: key, checked: key === value });
    input.addEventListener("change", () => moved(key));
    return element("label", { class: "option" }, input, element("span", {}, control.shown[k]));
  });
  return element("div", { class: "row", role: "radiogroup", "aria-label": control.text },
    element("span", {}, control.text), element("div", { class: "options" }, ...options));
}

function box(control, value, moved) {
  const input = element("input", { type: "checkbox", checked: value, "aria-label": control.text });
  input.addEventListener("change", () => moved(input.checked));
  return element("label", { class: "wide" }, input, element("span", {}, control.text));
}

// Build all controls of a model; each move sends all values to the kernel.
function buildControls(model) {
  const place = element("div", { class: "controls" });
  for (const control of model.get("controls")) {
    const moved = (value) => {
      model.set("values", { ...model.get("values"), [control.name]: value, moved: Date.now() });
      model.save_changes();
    };
    const words = control.kind === "choice" && typeof control.choices[0] === "string";
    const few = control.choices.length <= 4;
    const build = control.kind === "toggle" ? box : !words ? slider : few ? radios : menu;
    const row = build(control, model.get("values")[control.name], moved);
    row.classList.add(`control-${control.name}`);
    place.append(row);
  }
  return place;
}

// The line in words under a picture, which is also what the picture says without eyes.
function speaker(model, picture) {
  const said = element("div", { class: "fltutor-line", role: "status", "aria-live": "polite" });
  const printed = element("pre", { class: "fltutor-printed", hidden: true });
  const say = () => {
    const [words, error, line] = [model.get("words"), model.get("error"), model.get("line")];
    const running = model.get("running") && !error;
    const mark = running ? [element("span", { class: "running" }, words.running), " "] : [];
    said.setAttribute("aria-busy", `${running}`); // a reader waits for the last line
    said.replaceChildren(...mark, error || line);
    said.classList.toggle("error", Boolean(error));
    printed.hidden = !model.get("printed");
    printed.textContent = `${words.printed}\n${model.get("printed")}`;
    picture.setAttribute(picture.tagName === "IMG" ? "alt" : "aria-label", line || model.get("title"));
  };
  const events = ["line", "running", "error", "printed"].map((name) => `change:${name}`);
  for (const event of events) model.on(event, say);
  say();
  return { nodes: [said, printed], stop: () => { for (const event of events) model.off(event, say); } };
}

function group(model) {
  return element("div", { class: "fltutor-lab", role: "group", "aria-label": model.get("title") });
}

const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function floats(view) {
  if (!view) return null;
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}
