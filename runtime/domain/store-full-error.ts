import { UserError } from './user-error';

/**
 * There is no room left to store what was asked for. Nothing of it was written, and what was stored before is intact.
 * HTTP answers it with 507 (or 503 where callers should try again).
 */
export class StoreFullError extends UserError {}
