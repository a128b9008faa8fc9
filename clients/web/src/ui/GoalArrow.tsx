/** Says whether smaller or larger is better. */
export function GoalArrow({ goal }: { goal: "minimize" | "maximize" }) {
  return (
    <span role="img" aria-label={goal} title={goal}>
      {goal === "maximize" ? "↑" : "↓"}
    </span>
  );
}
