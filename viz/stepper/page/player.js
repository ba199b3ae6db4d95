"use strict";
// The two passes as a position that goes forward and back. Knows no document, so any engine can run it.

/**
 * The state of a graph at one step of its passes.
 *
 * Position 0 has the leaves only; then each operation is computed, one a step; then the root gets its
 * gradient of 1; then each edge hands back its part, one a step. Where a hook replaces a gradient, that
 * is a step too.
 *
 * computed[card]: whether its number is there.  gradients[card]: as far as it has come, null before
 * anything arrived.  arrived[card], expected[card]: how many parts have and will.  handed[edge]: what
 * it has handed back, null before.
 */
class Player {
  constructor(model) {
    this.model = model;
    const { cards, edges, forward, backward } = model;
    this.root = cards.length - 1;
    this.seed = forward.length + 1;
    this.last = this.seed + backward.length;
    this.position = 0;
    const operations = new Set(forward);
    this.computed = cards.map((_, card) => !operations.has(card));
    this.gradients = cards.map(() => null);
    this.arrived = cards.map(() => 0);
    this.expected = cards.map(() => 0);
    this.handed = edges.map(() => null);
    this.completion = cards.map(() => null);
    this.completion[this.root] = this.seed;
    backward.forEach((flow, i) => {
      const card = flow.hook ? flow.hook.card : edges[flow.edge].operand;
      if (!flow.hook) this.expected[card] += 1;
      this.completion[card] = this.seed + 1 + i;
    });
  }

  /** Return what happens at a position: its phase, and the card or the flow it is about. */
  step(position = this.position) {
    const { forward, backward } = this.model;
    if (position === 0) return { phase: "start" };
    if (position < this.seed) return { phase: "forward", card: forward[position - 1] };
    if (position === this.seed) return { phase: "seed", card: this.root };
    const flow = backward[position - this.seed - 1];
    if (flow.hook) return { phase: "hook", hook: flow.hook, card: flow.hook.card };
    return { phase: "backward", flow, edge: this.model.edges[flow.edge] };
  }

  /** Go to a position, or as far as there are any. */
  goTo(position) {
    const target = Math.min(this.last, Math.max(0, Math.round(position)));
    while (this.position < target) this.redo();
    while (this.position > target) this.undo();
  }

  /** Return the position at which a card's gradient is complete, or null for one that gets none. */
  completeAt(card) {
    return this.completion[card];
  }

  isComplete(card) {
    return this.completion[card] !== null && this.position >= this.completion[card];
  }

  redo() {
    this.position += 1;
    const { phase, card, flow, edge, hook } = this.step();
    if (phase === "forward") this.computed[card] = true;
    if (phase === "seed") this.gradients[card] = 1;
    if (phase === "hook") this.gradients[card] = hook.after;
    if (phase === "backward") {
      this.gradients[edge.operand] = flow.after;
      this.arrived[edge.operand] += 1;
      this.handed[flow.edge] = flow.contribution;
    }
  }

  undo() {
    const { phase, card, flow, edge, hook } = this.step();
    if (phase === "forward") this.computed[card] = false;
    if (phase === "seed") this.gradients[card] = null;
    if (phase === "hook") this.gradients[card] = hook.before;
    if (phase === "backward") {
      this.arrived[edge.operand] -= 1;
      this.gradients[edge.operand] = this.arrived[edge.operand] === 0 ? null : flow.before;
      this.handed[flow.edge] = null;
    }
    this.position -= 1;
  }
}

/** Return the model that Python sent: its numbers as numbers, its steps as objects. */
function modelFrom(sent) {
  return {
    ...sent,
    cards: sent.cards.map((card) => ({
      ...card,
      data: received(card.data),
      operands: card.operands.map((operand) => ({ ...operand, data: received(operand.data) })),
    })),
    edges: sent.edges.map((edge) => ({ ...edge, partial: received(edge.partial) })),
    backward: sent.backward.map(([place, ...numbers]) => {
      const [before, after, upstream, contribution] = numbers.map(received);
      if (upstream === undefined) return { hook: { card: place, before, after } };
      return { edge: place, upstream, contribution, before, after };
    }),
  };
}
