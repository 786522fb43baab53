/** @file The default session, and what asks for it: tensors that are evaluated, operations that are run. */
import { GraphError } from '../errors';
import { Operation, Tensor } from '../graph/operation';
import { defaultSession } from '../ops/variable';
import type { Feeds } from './feeds';
import type { Fetched } from './fetches';
import { Session } from './session';

/**
 * The session of the innermost `asDefault` block, or else the last InteractiveSession; null where there is none.
 * @tensorflow tf.get_default_session
 */
export const getDefaultSession = (): Session | null => defaultSession() as Session | null;

/** A session that is the default one from its making until it is closed. @tensorflow tf.InteractiveSession */
export class InteractiveSession extends Session {
  constructor(...args: ConstructorParameters<typeof Session>) {
    super(...args);
    Session.defaults.push(this);
  }
  override close(): void {
    super.close();
    const at = Session.defaults.lastIndexOf(this);
    if (at >= 0) Session.defaults.splice(at, 1);
  }
}

/** How TensorFlow's messages speak of a tensor or an operation. */
const WORDS = {
  eval: ['evaluate tensor', "the tensor's", '`eval()`', '`eval(session=sess)`'],
  run: ['execute operation', "the operation's", '`run()`', '`run(session=sess)`'],
} as const;

function sessionFor(what: Tensor | Operation, given: Session | null | undefined): Session {
  const [verb, whose, call, mend] = WORDS[what instanceof Tensor ? 'eval' : 'run'];
  const session = given ?? getDefaultSession();
  if (!session) {
    throw new GraphError(
      'Value',
      `Cannot ${verb} using ${call}: No default session is registered. Use \`with sess.as_default()\` or pass an explicit session to ${mend}`,
    );
  }
  if (session.graph !== what.graph) {
    const advice = given ? '' : ` Pass an explicit session to ${mend}.`;
    throw new GraphError(
      'Value',
      `Cannot use the ${given ? 'given' : 'default'} session to ${verb}: ${whose} graph is different from the session's graph.${advice}`,
    );
  }
  return session;
}

declare module '../graph/operation' {
  interface Tensor {
    /** Its value in `session`, or in the default session. @tensorflow tf.Tensor.eval */
    eval(feedDict?: Feeds | null, session?: Session | null): Promise<Fetched<Tensor>>;
  }
  interface Operation {
    /** Runs it in `session`, or in the default session. @tensorflow tf.Operation.run */
    run(feedDict?: Feeds | null, session?: Session | null): Promise<void>;
  }
}
Tensor.prototype.eval = async function (this: Tensor, feedDict, session) {
  return sessionFor(this, session).run(this, { feedDict: feedDict ?? undefined });
};
Operation.prototype.run = async function (this: Operation, feedDict, session) {
  await sessionFor(this, session).run(this, { feedDict: feedDict ?? undefined });
};
