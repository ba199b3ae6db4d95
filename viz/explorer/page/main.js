"use strict";
// The page: reads the graph, opens and folds it, and says what is pointed at and chosen.

const MOST_SEEN = 60; // cards that "Open all" may show
const MOST_ROWS = 200;

function start() {
  const find = (id) => document.getElementById(id);
  const folded = new Folded(JSON.parse(find("model").textContent));
  const say = (words) => {
    find("sentence").textContent = words;
  };
  const view = new View(find("graph"), folded, { choose, point: say, focus: (id) => camera.reveal(view.layout.boxes.get(id)), fold });
  const camera = new Camera(find("graph"), { width: 1, height: 1 }, (mode) => {
    find("follow").setAttribute("aria-pressed", String(mode === "follow"));
    find("whole").setAttribute("aria-pressed", String(mode === "whole"));
  });

  /** Draw anew and look at some cards; take: whether the keyboard goes to the first of them. */
  function show(ids, take) {
    camera.size = view.draw();
    showOpen();
    const boxes = ids.map((id) => view.layout.boxes.get(id)).filter((box) => box !== undefined);
    if (take && ids.length > 0) view.focus(ids.at(-1), true);
    camera.lookAt(boxes.length > 0 ? around(boxes, 20) : around([...view.layout.boxes.values()], 0), false);
  }

  function choose(id) {
    if (!folded.isBranch(id)) {
      view.chosen = id;
      view.mark();
      showDetails(id);
      say(valueWords(folded, id));
      return;
    }
    folded.open.add(id);
    show(folded.children(id).filter((child) => !folded.open.has(child)), true);
    say(`${folded.title(id)} is open: ${counted(folded.children(id).length, "card")}.`);
  }

  function fold(id) {
    if (id < 0) return;
    folded.close(id);
    show([id], true);
    say(`${folded.title(id)} is folded.`);
  }

  function reveal(id) {
    folded.reveal(id);
    show([id], true);
    choose(id);
  }

  function showOpen() {
    const buttons = [...folded.open].map((id) => {
      const path = [...folded.ancestors(id), id].map((one) => folded.title(one)).join(" › ");
      const button = made("button", "", made("span", "", path), made("span", "cross", "×"));
      button.type = "button";
      button.setAttribute("aria-label", `Fold ${path}`);
      button.addEventListener("click", () => fold(id));
      return button;
    });
    find("open").replaceChildren(...(buttons.length > 0 ? buttons : [made("span", "none", "All is folded: click a card to open it.")]));
    const seen = view.ids.length;
    find("shown").textContent = `${counted(seen, "card")} for ${counted(folded.count, "value")}`;
  }

  // -- the chosen value --------------------------------------------------------------------------------

  function showDetails(id) {
    const card = folded.cards[id];
    const how = madeOf(folded, id);
    const parts = [made("h2", "", how ? `${card.name} = ${how}` : card.name)];
    parts.push(made("p", "", `data ${exactNumber(card.data)}`), made("p", "", card.constant ? "no gradient is asked for" : card.gradient === null ? "no gradient before backward()" : `gradient ${exactNumber(card.gradient)}`));
    if (card.where) parts.push(made("p", "made-in", `${card.where} `, made("code", "", card.code)));
    if (card.dot) parts.push(products(id));
    else if (folded.into[id].length > 0) parts.push(operands(id));
    if (folded.from[id].length > 0) parts.push(users(id));
    find("details").replaceChildren(...parts);
    find("details").hidden = false;
    camera.settle(false);
  }

  function link(id) {
    const button = made("button", "link", folded.shortName(id));
    button.type = "button";
    button.title = folded.cards[id].name;
    button.addEventListener("click", () => reveal(id));
    return button;
  }

  function operands(id) {
    const rows = folded.into[id].map((edge) => [link(edge.operand), shownNumber(folded.cards[edge.operand].data), `×${shownNumber(edge.partial)}`, flow(edge)]);
    return table("What it is made of", ["operand", "data", "local", "contribution"], rows);
  }

  /** Return the products of a weighted sum, one multiplication a row. */
  function products(id) {
    const edges = folded.into[id];
    const half = Math.floor(edges.length / 2);
    const rows = edges.slice(0, half).map((edge, i) => {
      const other = edges[half + i];
      const product = folded.cards[edge.operand].data * folded.cards[other.operand].data;
      return [link(edge.operand), link(other.operand), shownNumber(product), flow(edge), flow(other)];
    });
    for (const edge of edges.slice(2 * half)) rows.push([link(edge.operand), "", shownNumber(folded.cards[edge.operand].data), flow(edge), ""]);
    return table("Products, one by one", ["first", "second", "product", "to first", "to second"], rows);
  }

  function users(id) {
    const rows = folded.from[id].map((edge) => [link(edge.user), shownNumber(folded.cards[edge.user].gradient ?? NaN), `×${shownNumber(edge.partial)}`, flow(edge)]);
    if (folded.cards[id].constant || folded.cards[id].gradient === null) for (const row of rows) row[1] = "—";
    return table("Where its gradient comes from", ["used by", "upstream", "local", "contribution"], rows);
  }

  function flow({ contribution }) {
    if (contribution === null) return "—";
    return made("span", `chip ${signClass(contribution, folded.largest, folded.levels)}`, shownNumber(contribution));
  }

  function table(title, heads, rows) {
    const body = rows.slice(0, MOST_ROWS).map((row) => made("tr", "", row.map((cell) => made("td", "", cell))));
    const head = made("tr", "", heads.map((text) => made("th", "", text)));
    const more = rows.length > MOST_ROWS ? [made("p", "", `… and ${rows.length - MOST_ROWS} more`)] : [];
    return made("section", "", made("table", "", made("caption", "", title), made("thead", "", head), made("tbody", "", body)), more);
  }

  // -- buttons and keys --------------------------------------------------------------------------------

  const keys = {
    "+": () => camera.zoom(1.25),
    "-": () => camera.zoom(0.8),
    0: () => camera.setMode("whole"),
    Escape: () => {
      find("help").open = false;
    },
  };
  document.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
    action();
    event.preventDefault();
  });
  find("closer").addEventListener("click", keys["+"]);
  find("further").addEventListener("click", keys["-"]);
  find("whole").addEventListener("click", keys[0]);
  find("follow").addEventListener("click", () => camera.setMode("follow"));
  find("fold").addEventListener("click", () => {
    folded.open.clear();
    show([], false);
    say("All is folded.");
  });
  find("unfold").addEventListener("click", () => {
    const closed = folded.openAll(MOST_SEEN);
    show([], false);
    say(closed === 0 ? "All is open." : `Open as far as ${MOST_SEEN} cards go; ${counted(closed, "card")} can be opened one by one.`);
  });
  listenToTheme();
  folded.openTheOnlyOne();
  show([], false);
  say(branchesSaid());
  whenSeen(find("graph"), () => view.measure());

  function branchesSaid() {
    const branches = view.ids.filter((id) => folded.isBranch(id)).length;
    const cards = counted(view.ids.length, "card");
    return branches === 0 ? `${cards}, a value each. Click one for its operands.` : `${cards}, ${branches} of which stand for many values: click one to open it.`;
  }
}

start();
