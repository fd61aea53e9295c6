// A slider alone, for a guess: labelled like those of the labs.
function render({ model, el }) {
  const root = element("div", { class: "fltutor-lab" });
  const moved = (value) => { model.set("value", value); model.save_changes(); };
  const row = slider(model.get("control"), model.get("value"), moved);
  const input = row.querySelector("input");
  const freeze = () => { input.disabled = model.get("disabled"); };
  model.on("change:disabled", freeze);
  freeze();
  root.append(row);
  el.append(root);
  return () => model.off("change:disabled", freeze);
}

export default { render };
