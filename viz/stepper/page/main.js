"use strict";
// The page: reads the model, and lets buttons, slider, keys and clicks move the player.

function start() {
  const find = (id) => document.getElementById(id);
  const player = new Player(modelFrom(JSON.parse(find("model").textContent)));
  const { model } = player;
  const slider = find("slider");
  const svg = find("graph");
  let timer = null;

  /** Return the class for a number's colours: sign and one of four sizes. */
  function chipClass(x) {
    if (!Number.isFinite(x)) return "bad";
    if (x === 0) return "zero";
    const size = model.levels.filter((share) => Math.abs(x) >= share * model.largest).length;
    return `${x > 0 ? "plus" : "minus"}-${size}`;
  }

  const graph = new Graph(svg, player, chipClass, {
    choose: (card) => {
      const position = player.completeAt(card);
      if (position !== null) pauseAndGo(position);
    },
    focus: (card) => camera.reveal(model.cards[card].box),
  });
  const camera = new Camera(svg, model.size, (mode) => {
    find("follow").setAttribute("aria-pressed", String(mode === "follow"));
    find("whole").setAttribute("aria-pressed", String(mode === "whole"));
  });

  function go(position) {
    const before = player.position;
    player.goTo(position);
    const near = Math.abs(player.position - before) === 1;
    graph.update(near && player.position > before);
    camera.lookAt(graph.subject(), before !== player.position);
    showEquation(find("equation"), player, chipClass);
    showWords();
  }

  function showWords() {
    const { phase, card, edge } = player.step();
    const said = sentence(player);
    find("sentence").textContent = said;
    slider.value = String(player.position);
    slider.setAttribute("aria-valuetext", `step ${player.position} of ${player.last}`);
    find("phase").textContent = { start: "Before the first step", forward: "Forward", seed: "Backward", backward: "Backward", hook: "Backward" }[phase];
    find("phase").className = `phase ${phase}`;
    find("count").textContent = `${player.position} / ${player.last}`;
    const about = model.cards[phase === "backward" ? edge.user : card ?? player.root];
    find("where").textContent = phase === "start" ? "" : about.where;
    find("code").textContent = phase === "start" ? "" : about.code;
    // Not `disabled`, which would take the focus away from whoever has just pressed it.
    for (const id of ["first", "back"]) find(id).setAttribute("aria-disabled", String(player.position === 0));
    for (const id of ["next", "end"]) find(id).setAttribute("aria-disabled", String(player.position === player.last));
    find("done").style.width = `${(100 * player.position) / player.last}%`;
    const equation = find("equation");
    if (equation.scrollWidth > equation.clientWidth) equation.tabIndex = 0;
    else equation.removeAttribute("tabindex");
  }

  // -- playing ---------------------------------------------------------------------------------------

  function play() {
    if (player.position === player.last) go(0);
    find("play").setAttribute("aria-label", "Pause");
    document.body.classList.add("playing");
    tick();
  }

  function tick() {
    timer = setTimeout(() => {
      go(player.position + 1);
      if (player.position === player.last) pause();
      else tick();
    }, 1600 / Number(find("speed").value));
  }

  function pause() {
    clearTimeout(timer);
    timer = null;
    find("play").setAttribute("aria-label", "Play");
    document.body.classList.remove("playing");
  }

  function pauseAndGo(position) {
    pause();
    go(position);
  }

  const toggle = () => (timer === null ? play() : pause());

  // -- what moves the player -------------------------------------------------------------------------

  const keys = {
    ArrowRight: () => pauseAndGo(player.position + 1),
    ArrowLeft: () => pauseAndGo(player.position - 1),
    Home: () => pauseAndGo(0),
    End: () => pauseAndGo(player.last),
    " ": toggle,
    "+": () => camera.zoom(1.25),
    "-": () => camera.zoom(0.8),
    0: () => camera.setMode("whole"),
    Escape: () => {
      find("help").open = false;
    },
  };
  document.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("select, #equation[tabindex]")) return; // these have their own use for keys
    if (event.key === " " && event.target.closest("button, summary")) return;
    action();
    event.preventDefault();
  });
  find("first").addEventListener("click", keys.Home);
  find("back").addEventListener("click", keys.ArrowLeft);
  find("next").addEventListener("click", keys.ArrowRight);
  find("end").addEventListener("click", keys.End);
  find("play").addEventListener("click", toggle);
  find("closer").addEventListener("click", keys["+"]);
  find("further").addEventListener("click", keys["-"]);
  find("whole").addEventListener("click", keys[0]);
  find("follow").addEventListener("click", () => camera.setMode("follow"));
  slider.addEventListener("input", () => pauseAndGo(Number(slider.value)));
  find("theme").addEventListener("change", (event) => {
    document.documentElement.dataset.theme = event.target.value;
  });

  document.body.classList.toggle("recorded", model.cards.some((card) => card.where));
  find("theme").value = document.documentElement.dataset.theme;
  slider.max = String(player.last);
  const split = (100 * (player.seed - 0.5)) / player.last;
  find("split").style.width = `${split}%`;
  find("rest").style.width = `${100 - split}%`;
  go(0);
}

start();
