// @ts-check
/** What the service streams: the newest state of every machine and unit, over one socket. */
import { href, query } from './api.js';

/**
 * @typedef {object} Machine
 * @property {string} machine_id
 * @property {string} machine_type
 * @property {string} category
 * @property {string} manufacturer
 * @property {string} model
 * @property {number} created_at
 * @property {string} status
 * @property {string} [stage]
 * @property {number} [task_id]
 * @property {number} [progress]
 * @property {string} [message]
 * @property {string} [error]
 * @property {number} since
 * @property {boolean} [overdue]
 * @property {number} [chain_progress]
 * @property {number} [seq]
 */

/**
 * @typedef {object} Unit
 * @property {string} machine_id
 * @property {string} [unit]
 * @property {import('./health.js').Level} level
 * @property {number} [seq]
 * @property {number} [life]
 * @property {number} [level_since]
 * @property {string} [why]
 * @property {number} [seen_at]
 * @property {number} [received_at]
 * @property {number} [predicted_at]
 * @property {number} [cadence_ms]
 * @property {number} [alert_id]
 * @property {number} [predictor_version]
 * @property {string} [learnt_from]
 * @property {string} [based_on]
 * @property {number} [rul_hours]
 * @property {number} [rul_low_hours]
 * @property {number} [rul_high_hours]
 * @property {number} [planning_hours]
 * @property {number} [probability_24h]
 * @property {string} [mode]
 * @property {number} [mode_probability]
 * @property {number} [novelty]
 * @property {number} [novelty_limit]
 * @property {number} [strangeness]
 */

/** No message for so long means that the connection is lost; the service pings every 20 s. */
const SILENT_MS = 45_000;
/** A hidden page closes its socket after this time; tests shorten it. */
export const hidden = { closesAfterMs: 60_000 };
const LONGEST_WAIT_MS = 30_000;
const EVERY_MS = 250;

/** Codes that say: log in, or this will never work. */
const REFUSED = new Set([4401, 4403, 4404, 4422]);

class Feed {
  /** @type {Map<string, Machine>} */
  machines = new Map();
  /** @type {Map<string, Unit>} */
  units = new Map();
  /** @type {'connecting' | 'live' | 'lost' | 'paused' | 'refused'} */
  state = 'connecting';
  /** Whether the first picture is whole. */
  complete = false;
  /** When the last message came, by this browser's clock. */
  heardAt = 0;
  /** When the connection was lost, and when the next try is; by this browser's clock. */
  lostAt = 0;
  retryAt = 0;
  /** @type {Set<(what: string) => void>} */
  listeners = new Set();

  #skew = 0;
  #seq = 0;
  #tries = 0;
  /** @type {WebSocket | null} */
  #socket = null;
  #timer = 0;
  #watch = 0;
  #hidden = 0;

  /** The time by the service's clock. */
  now() {
    return Date.now() + this.#skew;
  }

  start() {
    this.#open();
    document.addEventListener('visibilitychange', () => this.#seen());
    window.addEventListener('online', () => this.retry());
  }

  /** Begin again from nothing, for example after a login. */
  restart() {
    this.stop();
    this.machines.clear();
    this.units.clear();
    this.complete = false;
    this.#seq = 0;
    this.#open();
  }

  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** Try to connect at once. */
  retry() {
    if (this.state !== 'lost' && this.state !== 'refused') return;
    clearTimeout(this.#timer);
    this.#open();
  }

  #open() {
    if (this.state !== 'lost') this.state = 'connecting';
    const address = new URL(href('/ws/fleet') + query({ v: 2, every: EVERY_MS, since: this.#seq || null }), location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onmessage = (event) => socket === this.#socket && this.#take(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** @param {any} message */
  #take(message) {
    this.heardAt = Date.now();
    this.#skew = message.ts - this.heardAt;
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#socket && this.#dropped(), SILENT_MS);
    const wasLive = this.state === 'live';
    this.state = 'live';
    this.#tries = 0;
    if (message.type === 'states') this.#states(message);
    else if (message.type === 'synced') this.#synced(message);
    else if (message.type === 'removed') this.#removed(message);
    if (message.type !== 'ping' || !wasLive) this.#say(message.type);
  }

  /** @param {{machines: Machine[], units: Unit[]}} message */
  #states({ machines, units }) {
    for (const machine of machines) {
      const before = this.machines.get(machine.machine_id);
      if (before && before.created_at !== machine.created_at) this.#drop(machine.machine_id);
      this.machines.set(machine.machine_id, machine);
      this.#seq = Math.max(this.#seq, machine.seq ?? 0);
    }
    for (const unit of units) {
      if (unit.unit !== undefined) this.units.delete(`${unit.machine_id}/`);
      this.units.set(keyOf(unit), withoutOldForecast(unit));
      this.#seq = Math.max(this.#seq, unit.seq ?? 0);
    }
  }

  /** @param {{machine_ids?: string[]}} message */
  #synced(message) {
    this.complete = true;
    if (!message.machine_ids) return;
    const there = new Set(message.machine_ids);
    for (const id of [...this.machines.keys()]) if (!there.has(id)) this.#drop(id);
  }

  /** @param {{machine_ids: string[], units: [string, string | null][]}} message */
  #removed({ machine_ids, units }) {
    for (const id of machine_ids) this.#drop(id);
    for (const [id, unit] of units) this.units.delete(`${id}/${unit ?? ''}`);
  }

  /** @param {string} id */
  #drop(id) {
    this.machines.delete(id);
    for (const [key, unit] of this.units) if (unit.machine_id === id) this.units.delete(key);
  }

  #dropped() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#closed(1006);
  }

  /** @param {number} code */
  #closed(code) {
    clearTimeout(this.#watch);
    this.#socket = null;
    if (this.state !== 'lost') this.lostAt = Date.now();
    this.state = REFUSED.has(code) ? 'refused' : 'lost';
    if (this.state === 'lost') {
      const usual = Math.min(LONGEST_WAIT_MS, 500 * 2 ** this.#tries);
      const wait = code === 1012 && this.#tries === 0 ? 200 : usual * (0.75 + Math.random() / 4);
      this.#tries += 1;
      this.retryAt = Date.now() + wait;
      this.#timer = setTimeout(() => this.#open(), wait);
    }
    this.#say(this.state === 'refused' && code === 4401 ? 'login' : 'lost');
  }

  #seen() {
    clearTimeout(this.#hidden);
    if (document.hidden) {
      this.#hidden = setTimeout(() => {
        this.stop();
        this.state = 'paused';
      }, hidden.closesAfterMs);
    } else if (this.state === 'paused') {
      this.#open();
    } else {
      this.retry();
      this.#say('seen');
    }
  }

  /** @param {string} what */
  #say(what) {
    for (const listener of this.listeners) listener(what);
  }
}

/** @param {Unit} unit */
export const keyOf = (unit) => `${unit.machine_id}/${unit.unit ?? ''}`;

/**
 * A forecast that no reading has renewed for too long is none; the service still sends it.
 * @param {Unit} unit
 */
function withoutOldForecast(unit) {
  if (unit.level !== 'no_forecast' || unit.based_on !== 'readings') return unit;
  return { ...unit, rul_hours: undefined, rul_low_hours: undefined, rul_high_hours: undefined, mode: undefined };
}

export const feed = new Feed();
