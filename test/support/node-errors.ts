/**
 * Jest runs tests in a context with an `Error` of its own, so that errors which Node itself makes (`ENOENT` …) are no
 * `instanceof Error` there, as they are everywhere else. This makes them so.
 */
import { types } from 'node:util';

const ordinary = Function.prototype[Symbol.hasInstance];

Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, instance: unknown): boolean {
    return ordinary.call(this, instance) || (this === Error && types.isNativeError(instance));
  },
});
