// Controls that every canvas of the course shares: real inputs, labelled, with units.
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
  const words = (place) => (list ? `${list[place]}` : shown(place, step));
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
  const options = control.choices.map((name) => element("option", { value: name, selected: name === value }, name));
  const input = element("select", { "aria-label": control.text }, ...options);
  input.addEventListener("change", () => moved(input.value));
  return element("label", {}, element("span", {}, control.text), input);
}

function box(control, value, moved) {
  const input = element("input", { type: "checkbox", checked: value, "aria-label": control.text });
  input.addEventListener("change", () => moved(input.checked));
  return element("label", { class: "wide" }, input, element("span", {}, control.text));
}

// Build all controls of a model; each move sends the whole state to the kernel.
function buildControls(model) {
  const place = element("div", { class: "controls" });
  for (const control of model.get("controls")) {
    const moved = (value) => {
      model.set("state", { ...model.get("state"), [control.name]: value });
      model.save_changes();
    };
    const words = control.kind === "choice" && typeof control.choices[0] === "string";
    const build = control.kind === "toggle" ? box : words ? menu : slider;
    place.append(build(control, model.get("state")[control.name], moved));
  }
  return place;
}

function floats(view) {
  if (!view) return null;
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}
