"use strict";
// The graph as a tree of branches, some of them open: which cards are seen, and what flows between them. Knows no document.

class Folded {
  constructor(sent) {
    Object.assign(this, sent);
    this.count = sent.cards.length;
    this.cards = sent.cards.map((card) => ({ ...card, data: received(card.data), gradient: card.gradient === null ? null : received(card.gradient) }));
    this.edges = sent.edges.map(([operand, user, partial, contribution, remark]) => ({ operand, user, partial: received(partial), contribution: contribution === null ? null : received(contribution), remark }));
    this.open = new Set();
    this.into = this.cards.map(() => []);
    this.from = this.cards.map(() => []);
    for (const edge of this.edges) {
      this.into[edge.user].push(edge);
      this.from[edge.operand].push(edge);
    }
    this.sums = new Map();
  }

  isBranch(id) {
    return id >= this.count;
  }

  parent(id) {
    return this.isBranch(id) ? this.branches[id - this.count].parent : this.cards[id].parent;
  }

  children(id) {
    return id < 0 ? this.top : this.branches[id - this.count].children;
  }

  title(id) {
    return this.isBranch(id) ? this.branches[id - this.count].title : this.cards[id].name;
  }

  /** Return what a value is called beside others of its branch: of layers[0].neurons[2].w[1] the end. */
  shortName(id) {
    const { name, kind, parent } = this.cards[id];
    return kind === "param" && parent >= 0 ? name.slice(name.lastIndexOf(".") + 1) || name : name;
  }

  /** Return the branches that a card is in, the outermost first. */
  ancestors(id) {
    const found = [];
    for (let at = this.parent(id); at >= 0; at = this.parent(at)) found.unshift(at);
    return found;
  }

  /** Return the values of a card: of a value itself. */
  values(id) {
    if (!this.isBranch(id)) return [id];
    const found = [];
    const stack = [id];
    while (stack.length > 0) {
      const at = stack.pop();
      if (this.isBranch(at)) stack.push(...this.children(at));
      else found.push(at);
    }
    return found.sort((a, b) => a - b);
  }

  /** Return the cards that are seen, in topological order of their first values. */
  visible() {
    const found = [];
    const stack = [...this.top];
    while (stack.length > 0) {
      const at = stack.pop();
      if (this.open.has(at)) stack.push(...this.children(at));
      else found.push(at);
    }
    return found.sort((a, b) => this.last(a) - this.last(b));
  }

  /** Return the last value of a card in topological order. */
  last(id) {
    return this.isBranch(id) ? this.summary(id).last : id;
  }

  /** Return the card that a value is seen in: itself, or the outermost closed branch around it. */
  home(value) {
    return this.ancestors(value).find((id) => !this.open.has(id)) ?? value;
  }

  /** Return the arrows between cards that are seen, each with the edges it stands for. */
  arrows() {
    const homes = this.cards.map((_, value) => this.home(value));
    const found = new Map();
    for (const edge of this.edges) {
      const [from, to] = [homes[edge.operand], homes[edge.user]];
      if (from === to) continue;
      const key = `${from} ${to}`;
      if (!found.has(key)) found.set(key, { from, to, edges: [] });
      found.get(key).edges.push(edge);
    }
    return [...found.values()];
  }

  /** Return what a branch's card says: how many values, and how large the gradients are, of parameters where there are any. */
  summary(id) {
    if (this.sums.has(id)) return this.sums.get(id);
    const values = this.values(id);
    const asked = values.filter((value) => !this.cards[value].constant);
    const params = asked.filter((value) => this.cards[value].kind === "param");
    const whose = params.length > 0 ? params : asked;
    const gradients = whose.map((value) => this.cards[value].gradient).filter((g) => g !== null);
    const finite = gradients.filter(Number.isFinite);
    const most = finite.reduce((best, g) => (Math.abs(g) > Math.abs(best) ? g : best), 0);
    const found = {
      count: values.length,
      params: params.length,
      last: values.at(-1),
      rms: finite.length === 0 ? null : Math.sqrt(finite.reduce((sum, g) => sum + g * g, 0) / finite.length),
      largest: finite.length === 0 ? null : most,
      where: whose.find((value) => this.cards[value].gradient === most) ?? null,
      bad: gradients.length - finite.length,
    };
    this.sums.set(id, found);
    return found;
  }

  /** Open what is around a card, so that it is seen. */
  reveal(id) {
    for (const branch of this.ancestors(id)) this.open.add(branch);
  }

  /** Open what is the only branch, and what is the only one in it: one card for all says little. */
  openTheOnlyOne() {
    for (;;) {
      const branches = this.visible().filter((id) => this.isBranch(id));
      if (branches.length !== 1) return;
      this.open.add(branches[0]);
    }
  }

  /** Close a branch and everything inside it. */
  close(id) {
    for (const one of [...this.open]) if (one === id || this.ancestors(one).includes(id)) this.open.delete(one);
  }

  /** Open branches, the outermost first, as long as no more than `most` cards are seen; return how many stay closed. */
  openAll(most) {
    let queue = this.visible().filter((id) => this.isBranch(id));
    let seen = this.visible().length;
    let closed = 0;
    while (queue.length > 0) {
      const next = [];
      for (const id of queue) {
        const more = this.children(id).length - 1;
        if (seen + more > most) {
          closed += 1;
          continue;
        }
        this.open.add(id);
        seen += more;
        next.push(...this.children(id).filter((child) => this.isBranch(child)));
      }
      queue = next;
    }
    return closed;
  }
}
