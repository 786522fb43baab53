// Runs a plan that lies in memory: rows of [table index, argument count, arguments...], all i32, from p up to end.
export function interpret(p: usize, end: usize): void {
  while (p < end) {
    const n = load<i32>(p, 4);
    if (n <= 8) short(p, n);
    else long(p, n);
    p += 8 + (n << 2);
  }
}

@inline function short(p: usize, n: i32): void {
  const f = load<u32>(p), a = load<i32>(p, 8), b = load<i32>(p, 12);
  switch (n) {
    case 2: call_indirect<void>(f, a, b); break;
    case 3: call_indirect<void>(f, a, b, load<i32>(p, 16)); break;
    case 4: call_indirect<void>(f, a, b, load<i32>(p, 16), load<i32>(p, 20)); break;
    case 5: call_indirect<void>(f, a, b, load<i32>(p, 16), load<i32>(p, 20), load<i32>(p, 24)); break;
    case 6: call_indirect<void>(f, a, b, load<i32>(p, 16), load<i32>(p, 20), load<i32>(p, 24), load<i32>(p, 28)); break;
    case 7: call_indirect<void>(f, a, b, load<i32>(p, 16), load<i32>(p, 20), load<i32>(p, 24), load<i32>(p, 28), load<i32>(p, 32)); break;
    case 8: call_indirect<void>(f, a, b, load<i32>(p, 16), load<i32>(p, 20), load<i32>(p, 24), load<i32>(p, 28), load<i32>(p, 32), load<i32>(p, 36)); break;
    default: unreachable();
  }
}

// Apart from the short calls, which then run with fewer registers saved.
function long(p: usize, n: i32): void {
  const f = load<u32>(p), a = load<i32>(p, 8), b = load<i32>(p, 12), c = load<i32>(p, 16), d = load<i32>(p, 20), e = load<i32>(p, 24), g = load<i32>(p, 28), h = load<i32>(p, 32), i = load<i32>(p, 36), j = load<i32>(p, 40);
  switch (n) {
    case 9: call_indirect<void>(f, a, b, c, d, e, g, h, i, j); break;
    case 10: call_indirect<void>(f, a, b, c, d, e, g, h, i, j, load<i32>(p, 44)); break;
    case 11: call_indirect<void>(f, a, b, c, d, e, g, h, i, j, load<i32>(p, 44), load<i32>(p, 48)); break;
    case 12: call_indirect<void>(f, a, b, c, d, e, g, h, i, j, load<i32>(p, 44), load<i32>(p, 48), load<i32>(p, 52)); break;
    case 13: call_indirect<void>(f, a, b, c, d, e, g, h, i, j, load<i32>(p, 44), load<i32>(p, 48), load<i32>(p, 52), load<i32>(p, 56)); break;
    case 14: call_indirect<void>(f, a, b, c, d, e, g, h, i, j, load<i32>(p, 44), load<i32>(p, 48), load<i32>(p, 52), load<i32>(p, 56), load<i32>(p, 60)); break;
    case 15: call_indirect<void>(f, a, b, c, d, e, g, h, i, j, load<i32>(p, 44), load<i32>(p, 48), load<i32>(p, 52), load<i32>(p, 56), load<i32>(p, 60), load<i32>(p, 64)); break;
    case 16: call_indirect<void>(f, a, b, c, d, e, g, h, i, j, load<i32>(p, 44), load<i32>(p, 48), load<i32>(p, 52), load<i32>(p, 56), load<i32>(p, 60), load<i32>(p, 64), load<i32>(p, 68)); break;
    default: unreachable();
  }
}
