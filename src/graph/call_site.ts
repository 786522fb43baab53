/** @file Where in the user's program a call came from: warnings name the line. */

/** The folder of the library; unknown in a bundle. */
const LIBRARY = typeof __dirname === 'string' ? __dirname.replace(/[\\/][^\\/]*$/, '') : undefined;
const isOurs = (frame: string): boolean =>
  LIBRARY === undefined || frame.includes(LIBRARY) || /node:|node_modules/.test(frame);
const frames = (): string[] => new Error().stack?.split('\n').slice(2) ?? [];
const place = (frame: string | undefined): string | undefined => frame?.trim().replace(/^at (?:.*\()?|\)$/g, '');

/** 'file:line:column' of the nearest caller that is not the library. */
export const callerOutside = (): string | undefined => place(frames().find((frame) => !isOurs(frame)));

/** The same, where `name` itself was called from outside; undefined where the library called it. */
export function directCaller(name: string): string | undefined {
  const list = frames();
  const last = list.findLastIndex((frame) => frame.includes(name) && isOurs(frame));
  const next = list[last + 1];
  return last < 0 || next === undefined || isOurs(next) ? undefined : place(next);
}
