/** @file tf.logging: what goes to stderr, and how much of it. */
const LEVELS = { DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40, FATAL: 50 } as const;
let verbosity: number = LEVELS.WARN;

const at =
  (level: number, name: string) =>
  (message: string): void => {
    if (level >= verbosity) console.error(`${name}: ${message}`);
  };

/** Messages below the verbosity are dropped; tf.logging.WARN is where it starts. */
export const logging = {
  ...LEVELS,
  setVerbosity(level: number): void {
    verbosity = level;
  },
  getVerbosity: (): number => verbosity,
  debug: at(LEVELS.DEBUG, 'DEBUG'),
  info: at(LEVELS.INFO, 'INFO'),
  warn: at(LEVELS.WARN, 'WARNING'),
  error: at(LEVELS.ERROR, 'ERROR'),
};
