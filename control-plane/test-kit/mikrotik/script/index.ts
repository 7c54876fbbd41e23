/**
 * RouterOS scripts, read and run on a simulated router:
 *
 *   const script = parseScript(text);                        // throws ScriptSyntaxError with line and column
 *   faultsOfScript(script, commandTree('6.49'));             // what that version does not know, in every branch
 *   await new Interpreter(world).paste('/tool fetch url=…; /import file-name=lango.rsc');
 */
export { consoleOf } from './console-of';
export { faultsOfScript, type ScriptFault } from './check';
export { Interpreter, ScriptFailure, type ScriptWorld } from './interpreter';
export { parseScript } from './parse';
export { ScriptSyntaxError } from './syntax';
