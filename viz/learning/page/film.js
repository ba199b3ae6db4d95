"use strict";
// The run as numbers: every record's weights and gradients, by matrix and by layer. Knows no document.

/** Return the doubles that Python packed. */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

class Film {
  constructor(sent) {
    Object.assign(this, sent);
    this.losses = sent.losses.map(received);
    this.validation = sent.validation.map(received);
    this.weights = sent.weights.map(unpacked);
    this.gradients = sent.gradients.map((text) => (text === null ? null : unpacked(text)));
    this.last = sent.epochs.length - 1;
    this.total = Math.max(sent.epochs.at(-1), sent.losses.length);
    let begin = 0;
    this.matrices = sent.matrices.map((matrix, place) => {
      const found = { ...matrix, place, begin, size: matrix.rows * matrix.columns, absent: new Set(matrix.absent) };
      begin += found.size;
      return found;
    });
    const names = [...new Set(this.matrices.map(({ layer, name }) => layer || name))];
    this.layers = names.map((name) => ({ name, matrices: this.matrices.filter((one) => (one.layer || one.name) === name) }));
    this.largestWeight = Math.max(...this.weights.map((weights) => largest(weights)));
  }

  /** Return the numbers of a record: its "weights" or "gradients", null where there are none. */
  numbers(what, position) {
    return this[what][position];
  }

  /** Return what a record's numbers are drawn in proportion to. */
  scale(what, position) {
    if (what === "weights") return this.largestWeight;
    const gradients = this.gradients[position];
    return gradients === null ? 0 : largest(gradients);
  }

  /** Return the root mean square of a layer's numbers; cells without a connection do not count. */
  size(numbers, layer) {
    let [sum, count] = [0, 0];
    for (const { begin, size, absent } of layer.matrices) {
      for (let i = 0; i < size; i += 1) {
        if (absent.has(i)) continue;
        sum += numbers[begin + i] ** 2;
        count += 1;
      }
    }
    return count === 0 ? 0 : Math.sqrt(sum / count);
  }

  /** Return the loss of a record's epoch, null where it has none. */
  loss(position, losses = this.losses) {
    return losses[this.epochs[position] - 1] ?? null;
  }

  /** Return the position whose epoch is nearest. */
  nearest(epoch) {
    const away = this.epochs.map((one) => Math.abs(one - epoch));
    return away.indexOf(Math.min(...away));
  }

  /** Return what a cell of a matrix is called: the weight of a unit for one of its inputs. */
  cellName(matrix, row, column) {
    const owner = matrix.layer ? `${matrix.layer}.${matrix.name}` : matrix.name;
    return matrix.rows === 1 ? `${owner}[${column}]` : `${owner}[${row}][${column}]`;
  }
}

/** Return the largest size among the finite numbers. */
function largest(numbers) {
  let most = 0;
  for (const x of numbers) if (Number.isFinite(x) && Math.abs(x) > most) most = Math.abs(x);
  return most;
}
