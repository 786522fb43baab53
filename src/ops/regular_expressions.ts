/** @file Regular expressions in RE2's syntax, as the string ops take them. */
import { GraphError } from '../errors';

const invalid = (pattern: string, why: string): GraphError =>
  new GraphError('InvalidArgument', `Invalid pattern: ${pattern}, error: ${why}`);

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};
const SPACES = '\\t\\n\\f\\r ';
const SPECIAL = /[\^$\\.*+?()[\]{}|/-]/;

/** One escape outside or inside of a class. */
function escaped(pattern: string, letter: string | undefined, inClass: boolean): string {
  if (letter === undefined) throw invalid(pattern, 'trailing \\');
  if (/[1-9]/.test(letter)) throw invalid(pattern, `invalid escape sequence: \\${letter}`);
  if (letter === 's') return inClass ? SPACES : `[${SPACES}]`;
  if (letter === 'S' && !inClass) return `[^${SPACES}]`;
  if (letter === 'A') return '^';
  if (letter === 'z') return '$';
  if (letter === 'a') return '\\x07';
  if (/[A-Za-z0-9]/.test(letter)) return `\\${letter}`;
  return SPECIAL.test(letter) ? (letter === '-' && !inClass ? '-' : `\\${letter}`) : letter;
}

/** The end of the class that begins at `start`, and the class as JavaScript writes it. */
function classAt(pattern: string, start: number): { readonly text: string; readonly end: number } {
  let text = '[';
  let i = start + 1;
  if (pattern[i] === '^') {
    text += '^';
    i++;
  }
  for (let first = true; ; first = false) {
    const c = pattern[i];
    if (c === undefined) throw invalid(pattern, `missing ]: ${pattern.slice(start)}`);
    if (c === ']' && !first) return { text: `${text}]`, end: i + 1 };
    const posix = /^\[:(\w+):\]/.exec(pattern.slice(i));
    if (posix) {
      const cells = POSIX[posix[1]!];
      if (!cells) throw invalid(pattern, `invalid character class range: ${posix[0]}`);
      text += cells;
      i += posix[0].length;
    } else if (c === '\\') {
      text += escaped(pattern, pattern[i + 1], true);
      i += 2;
    } else {
      text += /[[\]^]/.test(c) ? `\\${c}` : c;
      i++;
    }
  }
}

/** JavaScript's form of a pattern. Raises InvalidArgument for what RE2 refuses: references back, looks around. */
export function compile(pattern: string): RegExp {
  let source = '';
  let flags = 'gu';
  const lead = /^\(\?([ims]+)\)/.exec(pattern);
  if (lead) flags += lead[1];
  const anyCharacter = lead?.[1]?.includes('s') ? '.' : '[^\\n]';
  for (let i = lead?.[0].length ?? 0; i < pattern.length; ) {
    const c = pattern[i]!;
    if (c === '[') {
      const { text, end } = classAt(pattern, i);
      source += text;
      i = end;
      continue;
    }
    if (c === '\\') {
      source += escaped(pattern, pattern[i + 1], false);
      i += 2;
      continue;
    }
    const group = c === '(' ? /^\(\?(P?<\w+>|:|.{0,2})/.exec(pattern.slice(i)) : null;
    if (group && /^(=|!|<[=!])/.test(group[1]!)) {
      throw invalid(pattern, `invalid perl operator: (?${group[1]![0] === '<' ? group[1]!.slice(0, 2) : group[1]![0]}`);
    }
    if (c === '.') source += anyCharacter;
    else if (c === '{' && !/^\{\d+(,\d*)?\}/.test(pattern.slice(i))) source += '\\{';
    else if (c === '}' && !/\{\d+(,\d*)?$/.test(pattern.slice(0, i))) source += '\\}';
    else if (c === ']') source += '\\]';
    else source += pattern.startsWith('(?P<', i) ? '(?<' : c;
    i += pattern.startsWith('(?P<', i) ? 4 : 1;
  }
  try {
    return new RegExp(source, flags);
  } catch (e) {
    throw invalid(pattern, reasonFor(pattern, (e as Error).message));
  }
}
/** RE2's words for the commonest faults. */
function reasonFor(pattern: string, message: string): string {
  if (/Unterminated group/.test(message)) return `missing ): ${pattern}`;
  if (/Unmatched '\)'/.test(message)) return `unexpected ): ${pattern}`;
  const twice = /[*+?]{2,}/.exec(pattern);
  if (/Nothing to repeat/.test(message)) {
    return twice ? `bad repetition operator: ${twice[0]}` : `no argument for repetition operator: ${pattern[0]}`;
  }
  return message.replace(/^.*: /, '');
}
/**
 * What stands for a match: its groups by `\1` to `\9`, all of it by `\0`, a backslash by two. Of a rewrite that is wrong,
 * what comes before the fault counts; `whole` is false then.
 */
export function rewritten(rewrite: string, match: RegExpExecArray): { readonly text: string; readonly whole: boolean } {
  let text = '';
  for (let i = 0; i < rewrite.length; i++) {
    if (rewrite[i] !== '\\') {
      text += rewrite[i];
      continue;
    }
    const letter = rewrite[++i];
    if (letter === '\\') text += letter;
    else if (letter !== undefined && /\d/.test(letter) && Number(letter) < match.length)
      text += match[Number(letter)] ?? '';
    else return { text, whole: false };
  }
  return { text, whole: true };
}
/** The text with matches replaced; no empty match right behind another one counts. */
export function replaced(text: string, pattern: RegExp, rewrite: string, all: boolean): string {
  let result = '';
  let done = 0;
  pattern.lastIndex = 0;
  for (let last = -1; ; ) {
    const match = pattern.exec(text);
    if (!match) break;
    const end = match.index + match[0].length;
    if (match[0] === '') pattern.lastIndex += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
    if (match[0] === '' && match.index === last) continue;
    const found = rewritten(rewrite, match);
    if (!all && !found.whole) return text;
    result += text.slice(done, match.index) + found.text;
    done = end;
    last = end;
    if (!all) break;
  }
  return result + text.slice(done);
}
/** Whether all of the text is a match. */
export function matchesWhole(text: string, pattern: RegExp): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace('m', '')).test(text);
}
