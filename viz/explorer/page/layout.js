"use strict";
// Where cards stand: in ranks from left to right, each in an order that keeps arrows short and apart. Knows no document.

const GAP = { across: 84, down: 16, way: 10 };
const SWEEPS = 8;

/**
 * Return places for cards: { boxes, ways, width, height }, boxes by card, a list of points for each arrow.
 * nodes: [{ id, width, height, group }], in an order in which most arrows point ahead; those of a group stay together.
 * arrows: [{ from, to }].
 */
function arranged(nodes, arrows) {
  const place = new Map(nodes.map(({ id }, i) => [id, i]));
  const links = arrows.map(({ from, to }) => [place.get(from), place.get(to)]);
  const ranks = ranksOf(nodes.length, links);
  const items = nodes.map((node, i) => ({ ...node, rank: ranks[i], next: [], before: [] }));
  const chains = links.map((link) => chainOf(link, items));
  const columns = [];
  for (const item of items) (columns[item.rank] ??= []).push(item);
  const full = Array.from(columns, (column) => column ?? []);
  order(full);
  position(full);
  return drawnTo(full, items, chains, nodes);
}

/** Return each card's rank: one more than the largest of those it depends on; what points back does not count. */
function ranksOf(count, links) {
  const ahead = links.filter(([from, to]) => from < to);
  const ranks = new Array(count).fill(0);
  const into = Array.from({ length: count }, () => []);
  const out = Array.from({ length: count }, () => []);
  for (const [from, to] of ahead) {
    into[to].push(from);
    out[from].push(to);
  }
  for (let i = 0; i < count; i += 1) for (const from of into[i]) ranks[i] = Math.max(ranks[i], ranks[from] + 1);
  // What depends on nothing stands just before the first that uses it.
  for (let i = count - 1; i >= 0; i -= 1) {
    if (into[i].length === 0 && out[i].length > 0) ranks[i] = Math.min(...out[i].map((to) => ranks[to])) - 1;
  }
  return ranks;
}

/** Return what an arrow passes: its ends, and a narrow place in each rank between them. */
function chainOf([from, to], items) {
  const [begin, end] = [items[from], items[to]];
  const chain = [begin];
  const step = end.rank > begin.rank ? 1 : -1;
  for (let rank = begin.rank + step; rank !== end.rank && begin.rank !== end.rank; rank += step) {
    const narrow = { rank, width: 0, height: GAP.way, narrow: true, group: null, next: [], before: [] };
    items.push(narrow);
    chain.push(narrow);
  }
  chain.push(end);
  for (let i = 1; i < chain.length; i += 1) {
    const [a, b] = step > 0 ? [chain[i - 1], chain[i]] : [chain[i], chain[i - 1]];
    a.next.push(b);
    b.before.push(a);
  }
  return chain;
}

function order(columns) {
  for (const column of columns) column.forEach((item, i) => (item.at = i));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : [...columns].reverse()) {
      for (const item of column) item.wish = mean((forward ? item.before : item.next).map(({ at }) => at)) ?? item.at;
      const groups = new Map();
      for (const item of column) if (item.group !== null) groups.set(item.group, [...(groups.get(item.group) ?? []), item.wish]);
      const together = (item) => (item.group === null ? item.wish : mean(groups.get(item.group)));
      column.sort((a, b) => together(a) - together(b) || (a.group === b.group ? a.wish - b.wish || a.at - b.at : String(a.group).localeCompare(String(b.group))));
      column.forEach((item, i) => (item.at = i));
    }
  }
}

/** Give each item the height its neighbours have, as far as those above and below it let it. */
function position(columns) {
  for (const column of columns) {
    let y = 0;
    for (const item of column) {
      item.y = y + item.height / 2;
      y += item.height + (item.narrow ? GAP.down / 2 : GAP.down);
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : [...columns].reverse()) {
      const near = (item) => (sweep < 2 ? (forward ? item.before : item.next) : [...item.before, ...item.next]);
      spread(column, column.map((item) => mean(near(item).map(({ y }) => y)) ?? item.y));
    }
  }
}

/** Set the heights of a column as near to the wishes as order and gaps allow: the least sum of squares. */
function spread(column, wishes) {
  const offsets = [];
  let sum = 0;
  column.forEach((item, i) => {
    if (i > 0) sum += (column[i - 1].height + item.height) / 2 + (item.narrow || column[i - 1].narrow ? GAP.down / 2 : GAP.down);
    offsets.push(sum);
  });
  const blocks = [];
  wishes.forEach((wish, i) => {
    let block = { sum: wish - offsets[i], count: 1 };
    while (blocks.length > 0 && blocks.at(-1).sum / blocks.at(-1).count > block.sum / block.count) {
      const before = blocks.pop();
      block = { sum: before.sum + block.sum, count: before.count + block.count };
    }
    blocks.push(block);
  });
  let i = 0;
  for (const { sum: total, count } of blocks) {
    for (let k = 0; k < count; k += 1, i += 1) column[i].y = total / count + offsets[i];
  }
}

function drawnTo(columns, items, chains, nodes) {
  const top = Math.min(...items.map(({ y, height }) => y - height / 2));
  let x = 0;
  for (const column of columns) {
    const width = Math.max(0, ...column.map((item) => item.width));
    for (const item of column) item.x = x + (width - item.width) / 2;
    for (const item of column) if (item.narrow) Object.assign(item, { x, span: width });
    x += width + GAP.across;
  }
  const boxes = new Map(nodes.map(({ id }, i) => [id, { x: items[i].x, y: items[i].y - items[i].height / 2 - top, width: items[i].width, height: items[i].height }]));
  const ways = chains.map((chain) => wayOf(chain, top));
  return { boxes, ways, width: x - GAP.across, height: Math.max(...items.map(({ y, height }) => y + height / 2)) - top };
}

/** Return the points of an arrow: out of its first card, across the ranks between, into its last. */
function wayOf(chain, top) {
  const ahead = chain.at(-1).rank > chain[0].rank;
  const points = [];
  chain.forEach((item, i) => {
    const y = item.y - top;
    const [left, right] = [item.x, item.x + (item.span ?? item.width)];
    if (i > 0) points.push([ahead ? left : right, y]);
    if (i < chain.length - 1) points.push([ahead ? right : left, y]);
  });
  return points;
}

function mean(numbers) {
  return numbers.length === 0 ? null : numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}
