// @ts-check
/** How charts look: colours, dates, and lines at limits. */
import { moment } from '../app/format.js';

/** @import uPlot from '../vendor/uplot/uPlot.js' */

const DAY_SECONDS = 86_400;

let hasStyle = false;

/** The chart library's own few rules, loaded with the first chart. */
export function loadStyle() {
  if (hasStyle) return;
  hasStyle = true;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL('../vendor/uplot/uPlot.min.css', import.meta.url).href;
  document.head.append(link);
}

/** @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Dates on charts are ISO dates and 24 h times, too. @param {uPlot} _plot @param {number[]} splits @param {number} _axis @param {number} _space @param {number} step */
export function timeLabels(_plot, splits, _axis, _space, step) {
  let day = '';
  return splits.map((seconds) => {
    const [date, time] = moment(seconds * 1000).split(' ');
    if (step >= DAY_SECONDS) return date.slice(5);
    const isNew = date !== day;
    day = date;
    return isNew ? `${time}\n${date.slice(5)}` : time;
  });
}

/** Horizontal lines with their names. @param {uPlot} plot @param {{at: number, name: string}[]} limits @param {string} stroke @param {string} font */
export function drawLimits(plot, limits, stroke, font) {
  const { ctx, bbox } = plot;
  ctx.save();
  const ratio = devicePixelRatio;
  ctx.font = font.replace('12px', `${12 * ratio}px`);
  Object.assign(ctx, { strokeStyle: stroke, fillStyle: stroke, lineWidth: ratio, textBaseline: 'bottom' });
  ctx.setLineDash([4 * ratio, 4 * ratio]);
  // Next to each other names could overlap, so they take turns at the two ends.
  for (const [index, { at, name }] of limits.entries()) {
    const y = plot.valToPos(at, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    const isLeft = index % 2 === 0;
    ctx.textAlign = isLeft ? 'left' : 'right';
    ctx.fillText(name, isLeft ? bbox.left + 6 * ratio : bbox.left + bbox.width - 6 * ratio, y - 2 * ratio);
  }
  ctx.restore();
}
