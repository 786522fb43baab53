/** @file A priority queue: the smallest id comes out first. */
export class Heap<N extends { readonly id: number }> {
  #items: N[] = [];

  push(n: N): void {
    const items = this.#items;
    let i = items.push(n) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (items[up]!.id <= n.id) break;
      items[i] = items[up]!;
      i = up;
    }
    items[i] = n;
  }

  pop(): N | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= items.length) break;
      if (down + 1 < items.length && items[down + 1]!.id < items[down]!.id) down++;
      if (items[down]!.id >= last.id) break;
      items[i] = items[down]!;
      i = down;
    }
    items[i] = last;
    return top;
  }
}
