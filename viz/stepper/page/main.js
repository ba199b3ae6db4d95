"use strict";
// The page: reads the model, and lets buttons, slider, keys and clicks move the player.

function start() {
  const find = (id) => document.getElementById(id);
  const player = new Player(modelFrom(JSON.parse(find("model").textContent)));
  const { model } = player;
  const chipClass = (x) => signClass(x, model.largest, model.levels);

  const graph = new Graph(find("graph"), player, chipClass, {
    choose: (card) => {
      const position = player.completeAt(card);
      if (position !== null) controls.stopAt(position);
    },
    focus: (card) => camera.reveal(model.cards[card].box),
  });
  const camera = new Camera(find("graph"), model.size, (mode) => {
    find("follow").setAttribute("aria-pressed", String(mode === "follow"));
    find("whole").setAttribute("aria-pressed", String(mode === "whole"));
  });
  const zoom = {
    "+": () => camera.zoom(1.25),
    "-": () => camera.zoom(0.8),
    0: () => camera.setMode("whole"),
  };
  const controls = new Controls({
    last: player.last,
    show,
    count: (position) => `${position} / ${player.last}`,
    spoken: (position) => `step ${position} of ${player.last}`,
    keys: zoom,
    own: "select, #equation[tabindex]",
  });

  function show(position, before) {
    player.goTo(position);
    graph.update(position === before + 1);
    camera.lookAt(graph.subject(), before !== position);
    showEquation(find("equation"), player, chipClass);
    showWords();
  }

  function showWords() {
    const { phase, card, edge } = player.step();
    find("sentence").textContent = sentence(player);
    find("phase").textContent = { start: "Before the first step", forward: "Forward", seed: "Backward", backward: "Backward", hook: "Backward" }[phase];
    find("phase").className = `phase ${phase}`;
    const about = model.cards[phase === "backward" ? edge.user : card ?? player.root];
    find("where").textContent = phase === "start" ? "" : about.where;
    find("code").textContent = phase === "start" ? "" : about.code;
    const equation = find("equation");
    if (equation.scrollWidth > equation.clientWidth) equation.tabIndex = 0;
    else equation.removeAttribute("tabindex");
  }

  find("closer").addEventListener("click", zoom["+"]);
  find("further").addEventListener("click", zoom["-"]);
  find("whole").addEventListener("click", zoom[0]);
  find("follow").addEventListener("click", () => camera.setMode("follow"));
  document.body.classList.toggle("recorded", model.cards.some((card) => card.where));
  const split = (100 * (player.seed - 0.5)) / player.last;
  find("split").style.width = `${split}%`;
  find("rest").style.width = `${100 - split}%`;
  controls.go(0);
}

start();
