/** What was imperfect in the data, grouped and counted. */
import type { Issue, Severity } from "../../domain/issues.ts";
import { count, list } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";

const SEVERITIES: readonly Severity[] = ["error", "warning", "info"];

/** One and several. */
const SEVERITY_NAMES: Readonly<Record<Severity, readonly [string, string]>> = {
  error: ["error", "errors"],
  warning: ["warning", "warnings"],
  info: ["note", "notes"],
};

/** Issues of one code, as many as are listed; the rest is counted. */
const MOST_LISTED = 20;

/** @param showIdentifiers whether the subject of an issue is named */
export function issuesSection(issues: readonly Issue[], showIdentifiers: boolean): Section {
  const groups = groupsOf(issues);
  const totals = SEVERITIES.map((severity) => {
    const n = issues.filter((issue) => issue.severity === severity).length;
    return `${count(n)} ${n === 1 ? SEVERITY_NAMES[severity][0] : SEVERITY_NAMES[severity][1]}`;
  });
  return {
    id: "issues",
    title: "Issues found",
    figures: [],
    body:
      issues.length === 0
        ? html`<p>None was recorded.</p>`
        : html`<p>${list(totals)}. An error means that the case or value concerned was left out; the others went on.</p>
${groups.map(
  ({
    code,
    severity,
    members,
  }) => html`<details><summary><span class="severity ${severity}">${severity}</span> <code>${code}</code> <span class="count">×${count(members.length)}</span></summary>
<ul>${members.slice(0, MOST_LISTED).map(
    ({
      message,
      subject,
    }) => html`<li>${showIdentifiers && subject !== undefined && html`<strong>${subject}</strong>: `}${message}</li>
`,
  )}</ul>
${members.length > MOST_LISTED && html`<p class="note">and ${count(members.length - MOST_LISTED)} more in the run’s manifest.</p>`}</details>
`,
)}`,
  };
}

interface IssueGroup {
  readonly code: string;
  readonly severity: Severity;
  readonly members: readonly Issue[];
}

/** Errors first, then by falling count. */
function groupsOf(issues: readonly Issue[]): IssueGroup[] {
  const groups = new Map<string, Issue[]>();
  for (const issue of issues) {
    const key = `${issue.severity} ${issue.code}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [issue]);
    else group.push(issue);
  }
  return [...groups.values()]
    .map((members) => ({ code: members[0].code, severity: members[0].severity, members }))
    .sort(
      (a, b) =>
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        b.members.length - a.members.length,
    );
}
