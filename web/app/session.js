// @ts-check
/** Who is logged in, and what that allows. */
import { get, send } from './api.js';
import { feed } from './feed.js';

const SCOPES = ['read', 'write', 'admin'];

class Session {
  /** @type {{name: string, scope: string, open: boolean, expires_at: number | null} | null} */
  who = null;

  /** Find out who is logged in; nothing changes if the service does not answer. */
  async load() {
    this.who = await get('/api/session');
  }

  /** @param {{token: string} | {code: string}} proof */
  async login(proof) {
    this.who = await send('/api/session', proof);
    feed.restart();
  }

  async logout() {
    await send('/api/session', undefined, { method: 'DELETE' });
    this.who = null;
    feed.stop();
  }

  /** Whether the scope is at least this one. @param {'read' | 'write' | 'admin'} scope */
  may(scope) {
    return SCOPES.indexOf(this.who?.scope ?? '') >= SCOPES.indexOf(scope);
  }
}

export const session = new Session();
