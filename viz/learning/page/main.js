"use strict";
// The page: reads the run, and lets buttons, slider, keys and clicks move through its epochs.

function start() {
  const find = (id) => document.getElementById(id);
  const film = new Film(JSON.parse(find("model").textContent));
  const told = (said) => {
    find("readout").textContent = said;
  };
  const picture = film.drawn ? new Network(find("picture"), film, told) : new Heat(find("picture"), film, told);
  const choose = (epoch) => controls.stopAt(film.nearest(epoch));
  const loss = new Curves(find("loss"), find("loss-legend"), { title: "Mean loss over the epochs", lines: lossLines(film), last: film.total, choose });
  const flow = new Curves(find("flow"), find("flow-legend"), { title: "Root mean square of each layer's gradient over the epochs", lines: flowLines(film), last: film.total, choose });
  const controls = new Controls({
    last: film.last,
    show,
    count: (position) => `${film.epochs[position]} / ${film.total}`,
    spoken: (position) => `epoch ${film.epochs[position]} of ${film.total}`,
    pause: Math.max(120, Math.min(800, 16000 / Math.max(1, film.last))),
  });

  function show(position) {
    const what = find("what").value;
    picture.show(position, what);
    for (const curves of [loss, flow]) curves.show(film.epochs[position]);
    find("phase").textContent = film.epochs[position] === 0 ? "Before training" : `Epoch ${film.epochs[position]}`;
    find("sentence").textContent = epochSentence(film, position);
    find("scale").textContent = scaleText(position, what);
  }

  function scaleText(position, what) {
    if (film.numbers(what, position) === null) return "No gradients yet: nothing has been learned from.";
    const size = shownNumber(film.scale(what, position));
    const how = film.drawn ? "widest line" : "strongest colour";
    if (what === "weights") return `Weights; ${how}: ${size}, the largest of the run.`;
    return `Gradients; ${how}: ${size}, the largest of this epoch.`;
  }

  find("what").addEventListener("change", () => controls.go(controls.position));
  if (!find("readout").textContent) told(film.drawn ? "Point at a unit or a line for its numbers." : "Point at a cell for its number.");
  controls.go(0);
}

function lossLines(film) {
  const points = (losses) => losses.map((loss, i) => [i + 1, loss]);
  const lines = [{ name: "training", points: points(film.losses) }];
  if (film.validation.length > 0) lines.push({ name: "held out", points: points(film.validation) });
  return lines;
}

/** Return a line for each layer; of many the first two and the last three. */
function flowLines(film) {
  const layers = film.layers.length <= 5 ? film.layers : [...film.layers.slice(0, 2), ...film.layers.slice(-3)];
  return layers.map((layer) => ({
    name: layer.name,
    points: film.epochs.flatMap((epoch, i) => (film.gradients[i] === null ? [] : [[epoch, film.size(film.gradients[i], layer)]])),
  }));
}

start();
