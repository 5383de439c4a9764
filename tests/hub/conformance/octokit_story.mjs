// The story of test_clients.py, told through octokit. Prints one JSON line.
import { Octokit } from "octokit";

const { HUB, TOKEN, STATUS, MOVE } = process.env;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const octokit = new Octokit({ auth: TOKEN, baseUrl: HUB, log: quiet, retry: { enabled: false }, throttle: { enabled: false } });
const here = { owner: "ada", repo: "app" };
const statusOf = (promise) => promise.then((answer) => answer.status, (error) => error.status);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const { data: issue } = await octokit.rest.issues.create({ ...here, title: "Story", labels: ["bug"] });
await octokit.rest.issues.addLabels({ ...here, issue_number: issue.number, labels: ["ready"] });
await octokit.rest.issues.createComment({ ...here, issue_number: issue.number, body: "Noted" });

const board = (await octokit.graphql(STATUS, { number: 1 })).user.projectV2;
const option = board.field.options.find((one) => one.name === "Done").id;
await octokit.graphql(MOVE, { project: board.id, item: board.items.nodes[0].id, field: board.field.id, option });
const graphqlError = await octokit.graphql('{ repository(owner: "ada", name: "none") { id } }').then(
  () => "none", (error) => error.errors[0].type);

const body = `Closes #${issue.number}`;
const { data: pull } = await octokit.rest.pulls.create({ ...here, title: "Work", head: "work", base: "main", body });
let runs = [];
for (let turn = 0; turn < 200 && !(runs.length && runs.every((run) => run.status === "completed")); turn++) {
  await pause(50);
  runs = (await octokit.rest.checks.listForRef({ ...here, ref: pull.head.sha })).data.check_runs;
}
const merge = { ...here, pull_number: pull.number, merge_method: "squash" };
const stale = await statusOf(octokit.rest.pulls.merge({ ...merge, sha: "0".repeat(40) }));
const merged = (await octokit.rest.pulls.merge({ ...merge, sha: pull.head.sha })).data.merged;
const closed = (await octokit.rest.issues.get({ ...here, issue_number: issue.number })).data;
const events = await octokit.paginate(octokit.rest.issues.listEventsForTimeline, { ...here, issue_number: issue.number });
const closer = events.find((event) => event.event === "closed").actor.login;

const lists = { owner: "ada", repo: "many", state: "all", per_page: 50 };
const paged = (await octokit.paginate(octokit.rest.issues.listForRepo, lists)).length;
const first = await octokit.rest.repos.get(here);
const notModified = await statusOf(octokit.rest.repos.get({ ...here, headers: { "if-none-match": first.headers.etag } }));

console.log(JSON.stringify({
  paged, notModified, stale, merged, checks: runs.map((run) => `${run.name}:${run.conclusion}`),
  state: `${closed.state}/${closed.state_reason}`, closer, graphqlError,
}));
