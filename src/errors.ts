/** @file The one error class: what went wrong, at which op, what to do. */

/** TensorFlow's status codes (run time), and Python's exception kinds for mistakes made while building. */
export type Code =
  | 'Cancelled'
  | 'Unknown'
  | 'InvalidArgument'
  | 'DeadlineExceeded'
  | 'NotFound'
  | 'AlreadyExists'
  | 'PermissionDenied'
  | 'Unauthenticated'
  | 'ResourceExhausted'
  | 'FailedPrecondition'
  | 'Aborted'
  | 'OutOfRange'
  | 'Unimplemented'
  | 'Internal'
  | 'Unavailable'
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

/** Any mistake sluice reports. `code` follows tf.errors (`InvalidArgument`) or Python's kinds (`Value`, `Type`, ...). @tensorflow tf.errors.OpError */
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

/** A class of all GraphErrors of one code, whoever made them: `e instanceof tf.errors.OutOfRangeError`. */
const ofCode = (code: Code) =>
  class extends GraphError {
    constructor(message: string, site: ErrorSite = {}) {
      super(code, message, site);
    }
    static override [Symbol.hasInstance](e: unknown): boolean {
      return e instanceof GraphError && e.code === code;
    }
  };
/** @tensorflow tf.errors.AbortedError */
export const AbortedError = ofCode('Aborted');
/** @tensorflow tf.errors.AlreadyExistsError */
export const AlreadyExistsError = ofCode('AlreadyExists');
/** @tensorflow tf.errors.CancelledError */
export const CancelledError = ofCode('Cancelled');
/** @tensorflow tf.errors.DataLossError */
export const DataLossError = ofCode('DataLoss');
/** @tensorflow tf.errors.DeadlineExceededError */
export const DeadlineExceededError = ofCode('DeadlineExceeded');
/** @tensorflow tf.errors.FailedPreconditionError */
export const FailedPreconditionError = ofCode('FailedPrecondition');
/** @tensorflow tf.errors.InternalError */
export const InternalError = ofCode('Internal');
/** @tensorflow tf.errors.InvalidArgumentError */
export const InvalidArgumentError = ofCode('InvalidArgument');
/** @tensorflow tf.errors.NotFoundError */
export const NotFoundError = ofCode('NotFound');
/** @tensorflow tf.errors.OutOfRangeError */
export const OutOfRangeError = ofCode('OutOfRange');
/** @tensorflow tf.errors.PermissionDeniedError */
export const PermissionDeniedError = ofCode('PermissionDenied');
/** @tensorflow tf.errors.ResourceExhaustedError */
export const ResourceExhaustedError = ofCode('ResourceExhausted');
/** @tensorflow tf.errors.UnauthenticatedError */
export const UnauthenticatedError = ofCode('Unauthenticated');
/** @tensorflow tf.errors.UnavailableError */
export const UnavailableError = ofCode('Unavailable');
/** @tensorflow tf.errors.UnimplementedError */
export const UnimplementedError = ofCode('Unimplemented');
/** @tensorflow tf.errors.UnknownError */
export const UnknownError = ofCode('Unknown');
