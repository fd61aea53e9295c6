// A lab whose pictures Python draws: they come as PNG, one after another.
function render({ model, el }) {
  const image = element("img", { alt: "", hidden: true });
  const spoken = speaker(model, image);
  const show = () => {
    const { png } = model.get("frame");
    if (!png) return;
    const before = image.src;
    image.src = URL.createObjectURL(new Blob([png], { type: "image/png" }));
    image.hidden = false;
    if (before) URL.revokeObjectURL(before);
  };
  model.on("change:frame", show);
  const root = group(model);
  root.append(buildControls(model), image, ...spoken.nodes);
  el.append(root);
  show();
  return () => { model.off("change:frame", show); spoken.stop(); };
}

export default { render };
