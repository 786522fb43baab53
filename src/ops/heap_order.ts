/** @file The order in which a binary heap gives things back: it decides among equals as C++'s priority queue does. */

/** Places of the scores, the largest score first. */
export function heapOrder(scores: readonly number[]): number[] {
  const heap: number[] = [];
  const isBelow = (a: number, b: number): boolean => scores[a]! < scores[b]!;
  const rise = (from: number, value: number): void => {
    let hole = from;
    for (let parent = (hole - 1) >> 1; hole > 0 && isBelow(heap[parent]!, value); parent = (hole - 1) >> 1) {
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = value;
  };
  for (let i = 0; i < scores.length; i++) rise(i, i);
  const order: number[] = [];
  while (heap.length > 0) {
    order.push(heap[0]!);
    const value = heap.pop()!;
    const n = heap.length;
    if (n === 0) break;
    let hole = 0;
    for (let child = 2; child <= n; child = 2 * hole + 2) {
      // The left child where there is no right one, or the right one is below it.
      if (child === n || isBelow(heap[child]!, heap[child - 1]!)) child--;
      heap[hole] = heap[child]!;
      hole = child;
    }
    rise(hole, value);
  }
  return order;
}
