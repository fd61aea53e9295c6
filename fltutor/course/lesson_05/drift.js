// The drift microscope: draws a trajectory that Python computed, and plays it.
const [WIDTH, HEIGHT, MAP] = [860, 400, 592];
const GREY = "#6B6B6B";

function unpack(frame) {
  const made = { ...frame };
  for (const name of ["server", "paths", "reference", "distances"]) made[name] = floats(frame[name]);
  made.rounds = frame.ids.length;
  made.offsets = []; // where the paths of a round begin
  let at = 0;
  for (const ids of frame.ids) {
    made.offsets.push(at);
    for (const id of ids) at += frame.steps[id] + 1;
  }
  return made;
}

function painter(canvas) {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  [canvas.width, canvas.height] = [WIDTH * ratio, HEIGHT * ratio];
  canvas.style.width = `${WIDTH}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  [pen.lineJoin, pen.lineCap] = ["round", "round"];
  return pen;
}

function line(pen, points, colour, width, dash = []) {
  if (points.length < 2) return;
  pen.beginPath();
  points.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  [pen.strokeStyle, pen.lineWidth] = [colour, width];
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

function dot(pen, [x, y], radius, fill, edge = null) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  if (fill) { pen.fillStyle = fill; pen.fill(); }
  if (edge) { [pen.strokeStyle, pen.lineWidth] = [edge, 1.8]; pen.stroke(); }
}

function words(pen, text, x, y, { size = 12, colour = "#000", bold = false, align = "left" } = {}) {
  pen.font = `${bold ? "bold " : ""}${size}px sans-serif`;
  [pen.fillStyle, pen.textAlign] = [colour, align];
  pen.fillText(text, x, y);
}

function star(pen, [x, y]) {
  pen.beginPath();
  for (let k = 0; k < 10; k += 1) {
    const [r, t] = [k % 2 ? 4 : 9.5, (k * Math.PI) / 5 - Math.PI / 2];
    pen.lineTo(x + r * Math.cos(t), y + r * Math.sin(t));
  }
  pen.closePath();
  pen.fillStyle = "#000";
  pen.fill();
}

function scale(frame) {
  const [left, right, low, high] = frame.view;
  return (x, y) => [((x - left) / (right - left)) * MAP, ((high - y) / (high - low)) * HEIGHT];
}

function ring(pen, [cx, cy, ux, uy, vx, vy], level, to, colour, width) {
  const points = [];
  for (let k = 0; k <= 60; k += 1) {
    const [c, s] = [Math.cos((k * Math.PI) / 30), Math.sin((k * Math.PI) / 30)].map((z) => z * Math.sqrt(2 * level));
    points.push(to(cx + c * ux + s * vx, cy + c * uy + s * vy));
  }
  line(pen, points, colour, width);
}

// The part of a path that is walked when a share of the round has gone by.
function walked(frame, to, first, count, share) {
  const whole = Math.min(1, share) * count;
  const points = [];
  const at = (k) => [frame.paths[2 * (first + k)], frame.paths[2 * (first + k) + 1]];
  for (let k = 0; k <= Math.floor(whole); k += 1) points.push(to(...at(k)));
  const part = whole - Math.floor(whole);
  if (part > 0) {
    const [a, b] = [at(Math.floor(whole)), at(Math.floor(whole) + 1)];
    points.push(to(a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])));
  }
  return points;
}

function drawLoss(pen, frame, to) {
  for (const level of frame.levels) ring(pen, frame.whole, level, to, frame.contour, 1);
  frame.clients.forEach((shape, i) => ring(pen, shape, frame.ownLevel, to, frame.strokes[i], 1.6));
}

// time: rounds gone by; its fraction is the local steps (to 0.7), then the average.
function drawRuns(pen, frame, to, time) {
  const done = Math.max(0, Math.min(frame.rounds, Math.floor(time)));
  const share = time - Math.floor(time);
  const model = (data, k) => to(data[2 * k], data[2 * k + 1]);
  const trail = (data, last) => Array.from({ length: last + 1 }, (_, k) => model(data, k));
  if (frame.reference) {
    const last = Math.min(done, frame.reference.length / 2 - 1);
    const points = trail(frame.reference, last);
    line(pen, points, frame.colours[1], 1.4, [2, 4]);
    points.forEach((p) => dot(pen, p, 1.8, frame.colours[1]));
  }
  const index = share > 0 && done < frame.rounds ? done : done - 1; // the round on show
  const part = share > 0 && done < frame.rounds ? share / 0.7 : 1;
  const ends = [];
  if (index >= 0) {
    let first = frame.offsets[index];
    for (const id of frame.ids[index]) {
      const points = walked(frame, to, first, frame.steps[id], part);
      line(pen, points, frame.strokes[id], 2.6);
      ends.push(points[points.length - 1]);
      dot(pen, ends[ends.length - 1], 4, frame.fills[id], frame.strokes[id]);
      first += frame.steps[id] + 1;
    }
  }
  const points = trail(frame.server, done);
  if (share > 0.7 && done < frame.rounds) {
    const next = model(frame.server, done + 1);
    const slide = (share - 0.7) / 0.3;
    for (const end of ends) line(pen, [end, next], GREY, 0.8, [3, 3]);
    const here = points[points.length - 1];
    points.push([here[0] + slide * (next[0] - here[0]), here[1] + slide * (next[1] - here[1])]);
  }
  line(pen, points, frame.colours[0], 1.6);
  points.forEach((p) => dot(pen, p, 2.2, frame.colours[0]));
  dot(pen, points[points.length - 1], 5, frame.colours[0], "#fff");
}

function cross(pen, x, y, name) {
  line(pen, [[x - 4, y], [x + 4, y]], "#000", 1.2);
  line(pen, [[x, y - 4], [x, y + 4]], "#000", 1.2);
  words(pen, name, x + 7, y - 5);
}

function drawMarks(pen, frame, to) {
  frame.clients.forEach((shape, i) => cross(pen, ...to(shape[0], shape[1]), `${i}`));
  const begin = to(...frame.start);
  pen.fillStyle = "#000";
  pen.fillRect(begin[0] - 3, begin[1] - 3, 6, 6);
  words(pen, frame.say.start, begin[0] + 8, begin[1] - 5);
  star(pen, to(frame.whole[0], frame.whole[1]));
  if (frame.limit) dot(pen, to(...frame.limit), 9, null, "#000");
}

function drawSide(pen, frame, time) {
  const [x0, y0, w, h] = [MAP + 42, 36, 210, 110];
  const top = Math.max(frame.distances[0] * 1.05, 0.5);
  const spot = (k, d) => [x0 + (k / Math.max(40, frame.rounds)) * w, y0 + h * (1 - Math.min(d, top) / top)];
  words(pen, frame.say.distance, x0, 20, { bold: true });
  line(pen, [[x0, y0], [x0, y0 + h], [x0 + w, y0 + h]], GREY, 1);
  words(pen, top.toFixed(1), x0 - 6, y0 + 8, { size: 11, align: "right", colour: GREY });
  words(pen, "0", x0 - 6, y0 + h, { size: 11, align: "right", colour: GREY });
  words(pen, `${frame.say.round} 0`, x0, y0 + h + 15, { size: 11, colour: GREY });
  words(pen, "40", x0 + w, y0 + h + 15, { size: 11, colour: GREY, align: "right" });
  if (frame.limit) {
    const gap = Math.hypot(frame.limit[0] - frame.whole[0], frame.limit[1] - frame.whole[1]);
    line(pen, [spot(0, gap), spot(40, gap)], "#000", 1, [4, 3]);
  }
  if (frame.reference) {
    const [cx, cy] = frame.whole;
    const gaps = Array.from({ length: frame.reference.length / 2 }, (_, k) =>
      spot(k, Math.hypot(frame.reference[2 * k] - cx, frame.reference[2 * k + 1] - cy)));
    line(pen, gaps, frame.colours[1], 1.4, [2, 4]);
  }
  const gaps = Array.from(frame.distances, (d, k) => spot(k, d));
  line(pen, gaps, frame.contour, 1.4);
  const done = Math.max(0, Math.min(frame.rounds, Math.floor(time)));
  line(pen, gaps.slice(0, done + 1), frame.colours[0], 2.2);
  dot(pen, gaps[done], 4, frame.colours[0], "#fff");
}

function drawNumbers(pen, frame, time) {
  const done = Math.max(0, Math.min(frame.rounds, Math.floor(time)));
  const index = done < frame.rounds && time > done ? done : Math.max(0, done - 1);
  const cosine = frame.cosines[index];
  const number = (value, digits) => (Math.abs(value) < 1e4 ? value.toFixed(digits) : frame.say.huge);
  const rows = [
    [frame.say.distance, number(frame.distances[done], 3)],
    [frame.say.cosine, cosine === null ? frame.say.none : cosine.toFixed(2)],
    [frame.say.drift_norm, number(frame.drifts[index], 3)],
  ];
  const x = MAP + 20;
  words(pen, `${frame.say.round} ${index + 1}`, x, 190, { bold: true });
  rows.forEach(([name, value], k) => {
    words(pen, name, x, 209 + 17 * k);
    words(pen, value, WIDTH - 10, 209 + 17 * k, { align: "right", bold: true });
  });
  drawKey(pen, frame, x, 278);
}

function drawKey(pen, frame, x, y) {
  const row = (k) => y + 19 * k;
  star(pen, [x + 9, row(0) - 4]);
  words(pen, frame.say.optimum, x + 26, row(0));
  dot(pen, [x + 9, row(1) - 4], 7, null, "#000");
  words(pen, frame.limit ? `${frame.say.fixed_point}${frame.like || frame.name}` : frame.left ? frame.say.not_reached : frame.say.no_form, x + 26, row(1));
  cross(pen, x + 9, row(2) - 4, "");
  words(pen, frame.say.own, x + 26, row(2));
  line(pen, [[x, row(3) - 4], [x + 18, row(3) - 4]], frame.strokes[0], 2.6);
  dot(pen, [x + 18, row(3) - 4], 4, frame.fills[0], frame.strokes[0]);
  words(pen, frame.say.local, x + 26, row(3));
  line(pen, [[x, row(4) - 4], [x + 18, row(4) - 4]], frame.colours[0], 1.6);
  dot(pen, [x + 9, row(4) - 4], 3, frame.colours[0]);
  words(pen, `${frame.say.server}${frame.name}`, x + 26, row(4));
  if (!frame.like) return;
  line(pen, [[x, row(5) - 4], [x + 18, row(5) - 4]], frame.colours[1], 1.4, [2, 4]);
  words(pen, `${frame.like}${frame.say.beside_it}`, x + 26, row(5));
}

function paint(pen, frame, time) {
  pen.clearRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  const to = scale(frame);
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, MAP, HEIGHT);
  pen.clip();
  drawLoss(pen, frame, to);
  drawRuns(pen, frame, to, time);
  drawMarks(pen, frame, to);
  if (frame.left) words(pen, `${frame.say.diverges}${frame.rounds}`, 14, HEIGHT - 14, { bold: true });
  pen.restore();
  line(pen, [[MAP, 0], [MAP, HEIGHT]], "#ccc", 1);
  drawSide(pen, frame, time);
  drawNumbers(pen, frame, time);
}

// Rounds a second: the first ones slowly, so that one sees every step.
const pace = (time) => (time < 3 ? 0.6 : time < 8 ? 1.5 : 4);

function player(model, canvas, scrub) {
  const state = { frame: null, time: null, goal: null, last: 0, frames: 0 };
  const pen = painter(canvas);
  const show = () => {
    if (!state.frame) return;
    canvas.hidden = false;
    paint(pen, state.frame, calm() ? Math.floor(state.time) : state.time); // calm: whole rounds
    state.frames += 1;
    canvas.dataset.frames = `${state.frames}`;
    canvas.dataset.time = state.time.toFixed(3);
    scrub.told(Math.floor(state.time), state.frame.rounds);
  };
  // A frame's time may lie before the moment in which play was pressed.
  const tick = (now) => {
    if (state.goal === null) return;
    try {
      const passed = Math.max(0, Math.min(0.1, (now - state.last) / 1000));
      state.last = now;
      state.time = Math.min(state.goal, state.time + passed * pace(state.time));
      if (state.time >= state.goal) stop();
      show();
    } catch (error) {
      stop(); // so that the buttons work on
      console.error(error);
    }
    if (state.goal !== null) requestAnimationFrame(tick);
  };
  const stop = () => { state.goal = null; scrub.playing(false); };
  const run = (goal) => {
    const still = state.goal === null;
    state.goal = goal;
    scrub.playing(goal > Math.ceil(state.time + 1e-9) || goal === state.frame.rounds);
    if (!still) return;
    state.last = performance.now();
    requestAnimationFrame(tick);
  };
  const jump = (time) => { stop(); state.time = time; show(); };
  const take = () => {
    const sent = model.get("frame");
    if (!sent || !sent.ids) return;
    const atEnd = state.frame === null || state.time >= state.frame.rounds;
    state.frame = { ...unpack(sent), say: model.get("words") };
    state.time = atEnd && state.goal === null ? state.frame.rounds : Math.min(state.time, state.frame.rounds);
    if (state.goal !== null) state.goal = Math.min(state.goal, state.frame.rounds);
    show();
  };
  const atEnd = () => state.time >= state.frame.rounds;
  return {
    take,
    toggle: () => {
      if (!state.frame) return;
      if (state.goal !== null) { stop(); return; }
      if (atEnd()) state.time = 0;
      run(state.frame.rounds);
    },
    step: () => {
      if (!state.frame) return;
      if (atEnd()) state.time = 0;
      run(Math.floor(state.time + 1e-9) + 1);
    },
    reset: () => state.frame && jump(0),
    jump: (round) => state.frame && jump(Math.min(round, state.frame.rounds)),
    stop,
  };
}

function render({ model, el }) {
  const say = model.get("words");
  const root = group(model);
  const canvas = element("canvas", { role: "img", hidden: true });
  const play = element("button", { type: "button", class: "play" }, say.play);
  const step = element("button", { type: "button", class: "step" }, say.step);
  const reset = element("button", { type: "button", class: "reset" }, say.reset);
  const range = element("input", { type: "range", class: "round", min: "0", max: "40", step: "1", "aria-label": say.round });
  const output = element("output", {}, "");
  const scrub = {
    told: (round, rounds) => { range.max = `${rounds}`; range.value = `${round}`; output.textContent = `${round}${say.of}${rounds}`; },
    playing: (on) => { play.textContent = on ? say.pause : say.play; },
  };
  const shows = player(model, canvas, scrub);
  const spoken = speaker(model, canvas);
  play.addEventListener("click", shows.toggle);
  step.addEventListener("click", shows.step);
  reset.addEventListener("click", shows.reset);
  range.addEventListener("input", () => shows.jump(Number(range.value)));
  model.on("change:frame", shows.take);
  const round = element("label", {}, element("span", {}, say.round), range, output);
  root.append(buildControls(model), element("div", { class: "player" }, play, step, reset, round), canvas, ...spoken.nodes);
  el.append(root);
  shows.take();
  return () => { shows.stop(); spoken.stop(); model.off("change:frame", shows.take); };
}

export default { render };
