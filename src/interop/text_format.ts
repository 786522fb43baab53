/** @file Messages in protobuf's text form, as in graph.pbtxt. */
import { type DescField, type DescMessage, type MessageShape, ScalarType } from '@bufbuild/protobuf';
import { dtypeOf } from './types';

type Fields = Readonly<Record<string, unknown>>;

/** A message as text that TensorFlow reads back. Fields of their default value are left out. */
export function textFormat<D extends DescMessage>(schema: D, message: MessageShape<D>): string {
  return lines(schema, message as unknown as Fields, '').join('');
}

function lines(desc: DescMessage, message: Fields, indent: string): string[] {
  return [...desc.fields]
    .sort((a, b) => a.number - b.number)
    .flatMap((field) => {
      const found = valueOf(field, message);
      if (field.fieldKind === 'list') return (found as unknown[]).flatMap((x) => one(field, x, indent));
      if (field.fieldKind !== 'map') return found === undefined ? [] : one(field, found, indent);
      const entries = Object.entries(found as Fields).sort(([a], [b]) => (a < b ? -1 : 1));
      const { message: inner, scalar } = field;
      return entries.flatMap(([key, x]) => {
        const inside = `${indent}  `;
        const value = inner
          ? block('value', lines(inner, x as Fields, `${inside}  `), inside)
          : [`${inside}value: ${scalarText(scalar!, x)}\n`];
        return block(field.name, [`${inside}key: ${quoted(key)}\n`, ...value], indent);
      });
    });
}
/** undefined for what is not there. */
function valueOf(field: DescField, message: Fields): unknown {
  if (field.oneof) {
    const { case: which, value } = message[field.oneof.localName] as { case?: string; value?: unknown };
    return which === field.localName ? value : undefined;
  }
  const found = message[field.localName];
  const isDefault = found === '' || found === 0 || found === 0n || found === false;
  return isDefault || (found instanceof Uint8Array && found.length === 0) ? undefined : found;
}
function one(field: DescField, x: unknown, indent: string): string[] {
  if (field.message) return block(field.name, lines(field.message, x as Fields, `${indent}  `), indent);
  const text = named(field, x) ?? scalarText(field.scalar!, x);
  return [`${indent}${field.name}: ${text}\n`];
}
const block = (name: string, body: readonly string[], indent: string): string[] => [
  `${indent}${name} {\n`,
  ...body,
  `${indent}}\n`,
];

/** Numbers that are enums in TensorFlow's own messages. */
function named({ parent, name }: DescField, x: unknown): string | null {
  if (parent.name === 'SaverDef' && name === 'version') return x === 2 ? 'V2' : 'V1';
  if (name !== 'dtype' && name !== 'type') return null;
  if (x === 0) return 'DT_INVALID';
  const { dtype, isRef } = dtypeOf(x as number);
  const plain = { float32: 'FLOAT', float64: 'DOUBLE', float16: 'HALF' }[dtype as string] ?? dtype.toUpperCase();
  return `DT_${plain}${isRef ? '_REF' : ''}`;
}

function scalarText(type: ScalarType, x: unknown): string {
  if (type === ScalarType.STRING) return quoted(x as string);
  if (type === ScalarType.BYTES) return quoted(x as Uint8Array);
  return type === ScalarType.FLOAT || type === ScalarType.DOUBLE ? floatText(x as number) : String(x);
}
/** As Python shows a float: 1.0, 1e-05, 1e+16, inf. */
export function floatText(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (Object.is(x, -0)) return '-0.0';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return x.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return Number.isInteger(x) ? `${BigInt(x)}.0` : String(x);
}

const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  13: '\\r',
  34: '\\"',
  39: "\\'",
  92: '\\\\',
};
export function quoted(text: string | Uint8Array): string {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const shown = Array.from(bytes, (byte) => {
    if (ESCAPES[byte]) return ESCAPES[byte];
    return byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
  });
  return `"${shown.join('')}"`;
}
