/** @file Names of nodes, inputs and colocation groups as they are inside of a name scope and outside of it. */

const MARK = '(\\^|loc:@|^)';
const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const bare = (scope: string): string => (scope.endsWith('/') ? scope.slice(0, -1) : scope);

/** `loc:@scope/w` -> `loc:@w`; a name outside of the scope stays. As ops.strip_name_scope. */
export function stripNameScope(name: string, scope: string | null | undefined): string {
  if (!scope) return name;
  return name.replace(new RegExp(`${MARK}${quoted(bare(scope))}/+(.*)`), '$1$2');
}

/** `^w` -> `^scope/w`. As ops.prepend_name_scope. */
export function prependNameScope(name: string, scope: string | null | undefined): string {
  if (!scope) return name;
  return name.replace(new RegExp(`${MARK}(.*)`), (_, mark: string, rest: string) => `${mark}${bare(scope)}/${rest}`);
}
