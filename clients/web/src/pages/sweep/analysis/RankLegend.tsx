/** What the colors of ranks mean. */
export function RankLegend() {
  return (
    <p className="plot-legend">
      <span>worst</span>
      <span className="rank-scale" />
      <span>best run</span>
    </p>
  );
}
