// What becomes of errors: a request that can't be taken is a 4xx, and what nobody caught does not end the backend.
'use strict';

const { Refusal, refuse } = require('./answers');

/** Whether the machine failed (a full disk, a folder that is not writable), and not the request. */
const isOurs = (error) => Boolean(error.syscall || error.errno);

/** The status of an error that a request caused; JavaScript's own ones come from what the backend did not expect. */
function codeOf(error) {
  const code = [error.code, error.status, error.statusCode].find((x) => Number.isInteger(x) && x >= 400 && x < 600);
  return code || (isOurs(error) ? 500 : 400);
}

/** What may be said of an error: not how the program is built, nor a piece of what could not be read (a password). */
function messageOf(error) {
  if (error instanceof SyntaxError) return "What was sent can't be read: it is not valid JSON.";
  const native = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return native || isOurs(error) ? 'The backend could not do that; its log says why.' : error.message;
}

/**
 * A hook that waits until a service's database is read; calls to one that can't be read would wait forever.
 * @param {object} errors Feathers' error classes.
 * @returns {(context: object) => object | Promise<object>}
 */
function reading({ GeneralError }) {
  const read = new WeakSet();
  const untilRead = async (context, database) => {
    try {
      await database.autoloadPromise;
    } catch {
      // What is wrong with it is in the log: the database throws it besides.
      throw new GeneralError(`The data of '${context.path}' can't be read; the backend's log says why.`);
    }
    read.add(database);
    return context;
  };
  return (context) => {
    const database = context.service.options?.Model;
    return database && !read.has(database) ? untilRead(context, database) : context;
  };
}

/**
 * A hook for calls that failed: what the database says of a document that it can't take becomes a `BadRequest`.
 * @param {object} errors Feathers' error classes.
 * @returns {(context: object) => object}
 */
function naming({ FeathersError, BadRequest }) {
  return (context) => {
    const { error, params } = context;
    if (params && params.provider && error && !(error instanceof FeathersError) && codeOf(error) === 400) {
      console.error(`Failed: ${context.method} in ${JSON.stringify(context.path)}:`, error.stack);
      context.error = new BadRequest(messageOf(error));
    }
    return context;
  };
}

/**
 * The last middleware: errors as JSON, without where in the program they come from.
 * @type {import('express').ErrorRequestHandler}
 */
function answering(error, req, res, _next) {
  const code = codeOf(error);
  const known = error instanceof Refusal || error.type === 'FeathersError';
  if (!known) console.error(`Failed: ${req.method}:`, error instanceof SyntaxError ? messageOf(error) : error.stack);
  if (error.type === 'FeathersError' && !res.headersSent) {
    const { stack, ...shown } = error.toJSON();
    res.status(code).json(shown);
  } else {
    refuse(res, code, messageOf(error));
  }
}

/** From now on an error that nobody caught is written to the log, and the backend goes on. */
function surviveErrors() {
  process.on('uncaughtException', (error) => console.error('Not caught:', error));
  process.on('unhandledRejection', (reason) => console.error('Not handled:', reason));
}

module.exports = { naming, reading, answering, surviveErrors };
