/** @file The one error class: what went wrong, at which op, what to do. */

/** TensorFlow's status codes (run time), and Python's exception kinds for mistakes made while building. */
export type Code =
  | 'Cancelled'
  | 'Unknown'
  | 'InvalidArgument'
  | 'NotFound'
  | 'AlreadyExists'
  | 'ResourceExhausted'
  | 'FailedPrecondition'
  | 'Aborted'
  | 'OutOfRange'
  | 'Unimplemented'
  | 'Internal'
  | 'DataLoss'
  | 'Value'
  | 'Type'
  | 'Key'
  | 'Index'
  | 'Lookup'
  | 'Runtime'
  | 'Assertion'
  | 'Attribute';

export interface ErrorSite {
  /** The operation at which it went wrong. */
  readonly op?: string | undefined;
  /** What the kernel says, where shape inference and kernel use other words for the same mistake. */
  readonly atRun?: string | undefined;
}

/** Any mistake sluice reports. `code` follows tf.errors (`InvalidArgument`) or Python's kinds (`Value`, `Type`, ...). */
export class GraphError extends Error {
  readonly code: Code;
  readonly op: string | undefined;
  readonly atRun: string | undefined;
  /** The message without the trailing op. */
  readonly reason: string;

  constructor(code: Code, message: string, site: ErrorSite = {}) {
    super(site.op === undefined ? message : `${message}\n\t [[node ${site.op}]]`);
    this.name = `${code}Error`;
    this.code = code;
    this.reason = message;
    this.op = site.op;
    this.atRun = site.atRun;
  }
}
