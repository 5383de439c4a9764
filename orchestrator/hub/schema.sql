-- The hub's world. Times are ISO 8601 UTC text with seconds, as GitHub prints them. `seq` orders what happens to an
-- issue within a second, across the three tables its timeline is made of.
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE COLLATE NOCASE, kind TEXT NOT NULL,
  name TEXT, email TEXT, app_id INTEGER, site_admin INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (org_id INTEGER, user_id INTEGER, role TEXT NOT NULL, PRIMARY KEY (org_id, user_id));
CREATE TABLE IF NOT EXISTS apps (
  id INTEGER PRIMARY KEY AUTOINCREMENT, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, public_key TEXT,
  owner_id INTEGER NOT NULL, bot_id INTEGER NOT NULL, permissions TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS installations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, app_id INTEGER NOT NULL, account_id INTEGER NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, user_id INTEGER NOT NULL, kind TEXT NOT NULL, permissions TEXT, scopes TEXT,
  app_id INTEGER, installation_id INTEGER, repos TEXT, expires_at TEXT, created_at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS repos (
  id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
  private INTEGER NOT NULL DEFAULT 0, description TEXT, default_branch TEXT NOT NULL DEFAULT 'main',
  archived INTEGER NOT NULL DEFAULT 0, delete_branch_on_merge INTEGER NOT NULL DEFAULT 0,
  allow_merge_commit INTEGER NOT NULL DEFAULT 1, allow_squash_merge INTEGER NOT NULL DEFAULT 1,
  allow_rebase_merge INTEGER NOT NULL DEFAULT 1, allow_auto_merge INTEGER NOT NULL DEFAULT 0,
  ci TEXT NOT NULL DEFAULT '{}', next_number INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, pushed_at TEXT NOT NULL, UNIQUE (owner_id, name));
CREATE TABLE IF NOT EXISTS collaborators (
  repo_id INTEGER, user_id INTEGER, permission TEXT NOT NULL, PRIMARY KEY (repo_id, user_id));
CREATE TABLE IF NOT EXISTS protections (
  repo_id INTEGER, branch TEXT, settings TEXT NOT NULL, PRIMARY KEY (repo_id, branch));
CREATE TABLE IF NOT EXISTS labels (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
  color TEXT NOT NULL, description TEXT, created_at TEXT NOT NULL, UNIQUE (repo_id, name));

CREATE TABLE IF NOT EXISTS issues (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, number INTEGER NOT NULL,
  is_pull INTEGER NOT NULL, title TEXT NOT NULL, body TEXT, author_id INTEGER NOT NULL, app_id INTEGER,
  state TEXT NOT NULL DEFAULT 'open', state_reason TEXT, locked INTEGER NOT NULL DEFAULT 0,
  closed_by_id INTEGER, editor_id INTEGER, last_edited_at TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT, UNIQUE (repo_id, number));
CREATE INDEX IF NOT EXISTS issues_by_state ON issues (repo_id, state, is_pull);
CREATE TABLE IF NOT EXISTS issue_labels (issue_id INTEGER, label_id INTEGER, PRIMARY KEY (issue_id, label_id));
CREATE INDEX IF NOT EXISTS issue_labels_by_label ON issue_labels (label_id);
CREATE TABLE IF NOT EXISTS issue_assignees (issue_id INTEGER, user_id INTEGER, PRIMARY KEY (issue_id, user_id));
CREATE TABLE IF NOT EXISTS sub_issues (parent_id INTEGER NOT NULL, child_id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS edits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, issue_id INTEGER, comment_id INTEGER, editor_id INTEGER NOT NULL,
  before TEXT, after TEXT, edited_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS edits_by_issue ON edits (issue_id);
CREATE TABLE IF NOT EXISTS comments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, issue_id INTEGER NOT NULL, author_id INTEGER NOT NULL,
  app_id INTEGER, body TEXT NOT NULL, editor_id INTEGER, last_edited_at TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS comments_by_issue ON comments (issue_id);
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, issue_id INTEGER NOT NULL, actor_id INTEGER NOT NULL,
  app_id INTEGER, kind TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_issue ON events (issue_id);
CREATE TABLE IF NOT EXISTS pushes (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, actor_id INTEGER NOT NULL, ref TEXT NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL, created_at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS pulls (
  id INTEGER PRIMARY KEY AUTOINCREMENT, issue_id INTEGER NOT NULL UNIQUE, repo_id INTEGER NOT NULL, number INTEGER NOT NULL,
  head_repo_id INTEGER NOT NULL, head_ref TEXT NOT NULL, head_sha TEXT NOT NULL,
  base_ref TEXT NOT NULL, base_sha TEXT NOT NULL, draft INTEGER NOT NULL DEFAULT 0,
  merged INTEGER NOT NULL DEFAULT 0, merged_at TEXT, merged_by_id INTEGER, merge_sha TEXT, merged_parents TEXT,
  mergeable INTEGER, mergeable_key TEXT, test_merge_sha TEXT,
  additions INTEGER NOT NULL DEFAULT 0, deletions INTEGER NOT NULL DEFAULT 0,
  changed_files INTEGER NOT NULL DEFAULT 0, commits INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS pulls_by_head ON pulls (repo_id, head_ref);
CREATE TABLE IF NOT EXISTS merge_queues (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, branch TEXT NOT NULL, loses TEXT,
  UNIQUE (repo_id, branch));
CREATE TABLE IF NOT EXISTS queue_entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, pull_id INTEGER NOT NULL UNIQUE, branch TEXT NOT NULL,
  enqueuer_id INTEGER NOT NULL, base_sha TEXT, head_sha TEXT, enqueued_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS closing_refs (pull_id INTEGER, issue_id INTEGER, PRIMARY KEY (pull_id, issue_id));
CREATE TABLE IF NOT EXISTS review_requests (pull_id INTEGER, user_id INTEGER, PRIMARY KEY (pull_id, user_id));
CREATE TABLE IF NOT EXISTS reviews (
  id INTEGER PRIMARY KEY AUTOINCREMENT, pull_id INTEGER NOT NULL, author_id INTEGER NOT NULL, app_id INTEGER,
  state TEXT NOT NULL, body TEXT NOT NULL, commit_sha TEXT NOT NULL, submitted_at TEXT, created_at TEXT NOT NULL,
  seq INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS reviews_by_pull ON reviews (pull_id);
CREATE TABLE IF NOT EXISTS threads (
  id INTEGER PRIMARY KEY AUTOINCREMENT, pull_id INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER, side TEXT NOT NULL,
  commit_sha TEXT NOT NULL, resolved_by_id INTEGER, resolved_at TEXT, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS threads_by_pull ON threads (pull_id);
CREATE TABLE IF NOT EXISTS review_comments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, thread_id INTEGER NOT NULL, pull_id INTEGER NOT NULL, review_id INTEGER NOT NULL,
  author_id INTEGER NOT NULL, body TEXT NOT NULL, diff_hunk TEXT NOT NULL, commit_sha TEXT NOT NULL,
  in_reply_to_id INTEGER, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS review_comments_by_thread ON review_comments (thread_id);

CREATE TABLE IF NOT EXISTS check_suites (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, app_id INTEGER NOT NULL, head_sha TEXT NOT NULL,
  head_branch TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (repo_id, app_id, head_sha));
CREATE TABLE IF NOT EXISTS check_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, suite_id INTEGER NOT NULL, repo_id INTEGER NOT NULL, app_id INTEGER NOT NULL,
  name TEXT NOT NULL, head_sha TEXT NOT NULL, status TEXT NOT NULL, conclusion TEXT, details_url TEXT, external_id TEXT,
  title TEXT, summary TEXT, text TEXT, log TEXT, started_at TEXT, completed_at TEXT, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS check_runs_by_sha ON check_runs (repo_id, head_sha);
CREATE TABLE IF NOT EXISTS statuses (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, sha TEXT NOT NULL, state TEXT NOT NULL,
  context TEXT NOT NULL, description TEXT, target_url TEXT, creator_id INTEGER NOT NULL, app_id INTEGER,
  created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS statuses_by_sha ON statuses (repo_id, sha);
CREATE TABLE IF NOT EXISTS ci_seconds (
  id INTEGER PRIMARY KEY AUTOINCREMENT, repo_id INTEGER NOT NULL, sha TEXT NOT NULL, job TEXT NOT NULL, seconds REAL NOT NULL);

CREATE TABLE IF NOT EXISTS projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL,
  short_description TEXT, closed INTEGER NOT NULL DEFAULT 0, public INTEGER NOT NULL DEFAULT 0,
  creator_id INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (owner_id, number));
CREATE TABLE IF NOT EXISTS project_repos (project_id INTEGER, repo_id INTEGER, PRIMARY KEY (project_id, repo_id));
CREATE TABLE IF NOT EXISTS project_fields (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL, name TEXT NOT NULL, data_type TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS project_options (
  id TEXT PRIMARY KEY, field_id INTEGER NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL, description TEXT NOT NULL,
  position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS project_items (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL, issue_id INTEGER, draft_title TEXT, draft_body TEXT,
  archived INTEGER NOT NULL DEFAULT 0, creator_id INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  UNIQUE (project_id, issue_id));
CREATE INDEX IF NOT EXISTS project_items_by_issue ON project_items (issue_id);
CREATE TABLE IF NOT EXISTS project_values (
  id INTEGER PRIMARY KEY AUTOINCREMENT, item_id INTEGER NOT NULL, field_id INTEGER NOT NULL, option_id TEXT, text TEXT,
  number REAL, date TEXT, creator_id INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  UNIQUE (item_id, field_id));
