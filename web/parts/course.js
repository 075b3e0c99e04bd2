// @ts-check
/** The course of a unit: its forecasts and its newest readings, as few points as charts can show. */
import { get, part, query } from '../app/api.js';

/** @import { ForecastCourse, ReadingCourse, Unit } from 'answers' */
/** @typedef {{since: number, until: number}} Period ms since 1970 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Sensors are shown over so much of the newest time. */
export const SENSOR_HOURS = 240;
const FORECASTS = 600;
const READINGS = 240;

/** What `from` and `to` of the address ask for; null: the whole life. @param {URLSearchParams} asked @returns {Period | null} */
export function periodOf(asked) {
  const [since, until] = ['from', 'to'].map((name) => Date.parse(asked.get(name) ?? ''));
  return since < until ? { since, until } : null;
}

/** A period as parameters of the address, in whole minutes. @param {Period | null} period */
export const inAddress = (period) => ({
  from: period && minuteOf(Math.floor(period.since / MINUTE)),
  to: period && minuteOf(Math.ceil(period.until / MINUTE)),
});

/** @param {number} minutes since 1970 */
const minuteOf = (minutes) => `${new Date(minutes * MINUTE).toISOString().slice(0, 16)}Z`;

/** From the begin of the life to its newest reading. @param {Unit} unit @returns {Period} */
export function lifeOf(unit) {
  const since = unit.began_at ?? unit.seen_at ?? 0;
  return { since, until: Math.max(since, unit.seen_at ?? 0) };
}

/** @param {Unit} unit */
const pathOf = (unit) => `/api/gan/machines/${part(unit.machine_id)}/units/${part(unit.unit ?? '')}/course`;

/** @param {Unit} unit @param {Period | null} period @param {AbortSignal} signal @returns {Promise<ForecastCourse>} */
export const forecastsOf = (unit, period, signal) =>
  get(`${pathOf(unit)}/forecasts${query({ ...(period ?? lifeOf(unit)), points: FORECASTS })}`, signal);

/** @param {Unit} unit @param {AbortSignal} signal @returns {Promise<ReadingCourse>} */
export function readingsOf(unit, signal) {
  const { since, until } = lifeOf(unit);
  const newest = { since: Math.max(since, until - SENSOR_HOURS * HOUR), until };
  return get(`${pathOf(unit)}/readings${query({ ...newest, points: READINGS })}`, signal);
}
