// SPDX-License-Identifier: GPL-2.0
/* What is asked before anything is done. */
#include <err.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../proc.h"
#include "criu-version.h"
#include "migrate-files.h"
#include "migrate.h"
#include "precopy-chain.h"
#include "tree.h"

#define CPU_DIR "cpu"
#define CONTAINER_DIR "container"
/* What changes while it is copied, as a part of all of it. */
#define SPARE 4
#define LOCAL_BYTES (64ULL << 20)

/* 0, or -1: reported with this text, and what criu said. */
static int run_criu(struct migrate *m, char **argv, const char *text)
{
	char said[1024] = "";
	struct run run = { 0 };

	if (migrate_run_program(m, argv, &run))
		return -1;

	if (pread(run.messages, said, sizeof(said) - 1, 0) < 0)
		*said = '\0';
	close(run.messages);
	close(run.lines);
	if (!run.left && !run.status)
		return 0;

	said[strcspn(said, "\n")] = '\0';
	warnx("%s%s%s", text, *said ? ": " : "", said);
	return -1;
}

static int check_versions(struct migrate *m)
{
	char *feature[] = { m->criu, "check", "--feature", "uffd_wp_async", NULL };
	char there[CHANNEL_LINE], here[CRIU_VERSION_SIZE];

	if (run_criu(m, feature, "criu can't track memory with uffd-wp here"))
		return -1;
	if (criu_version(m->criu, here)) {
		warnx("%s does not say its version", m->criu);
		return -1;
	}
	if (m->options->remote_criu && remote_ask(&m->remote, NULL, "set criu %s", m->options->remote_criu))
		return -1;
	if (remote_ask(&m->remote, there, "feature"))
		return -1;

	if (!strcmp(here, there))
		return 0;
	warnx("criu here is %s, that of %s is %s: install the same on both", here, m->remote.name, there);
	return -1;
}

/* Sends the files of a directory here into one of this name there. */
static int send_dir(struct migrate *m, const char *name)
{
	char *dir = chain_subdir(m->work, name);
	uint64_t bytes = 0;
	int ret = -1;

	if (!remote_ask(&m->remote, NULL, "dir %s", name) && !files_send(&m->remote.channel, dir, &bytes))
		ret = remote_ask(&m->remote, NULL, "stored");
	free(dir);
	return ret;
}

static int check_cpu(struct migrate *m)
{
	char *dir = chain_subdir(m->work, CPU_DIR);
	char *dump[] = { m->criu, "cpuinfo", "dump", "--images-dir", dir, NULL };
	int ret = -1;

	if (!chain_make_subdir(m->work, CPU_DIR) && !run_criu(m, dump, "criu cpuinfo dump failed") &&
	    !send_dir(m, CPU_DIR))
		ret = remote_ask(&m->remote, NULL, "cpu");
	free(dir);
	return ret;
}

/* Images here are small: pages go to the other side at once. */
static int check_space(struct migrate *m, const struct tree *tree)
{
	uint64_t memory = tree_memory(tree);
	struct statvfs fs;

	if (!statvfs(m->work, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < LOCAL_BYTES) {
		warnx("less than %llu MiB are free in %s: make room, or choose another directory with -D",
		      LOCAL_BYTES >> 20, m->options->dir);
		return -1;
	}

	return remote_ask(&m->remote, NULL, "space %" PRIu64, memory + memory / SPARE);
}

static bool same_namespace(pid_t pid, const char *name)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &own))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	return !stat(path, &other) && own.st_ino == other.st_ino;
}

/* Of a mapped file, once. */
static int check_file(struct migrate *m, const char *path, char *last)
{
	struct stat st;

	/* One that was deleted is in the images. */
	if (*path != '/' || !strcmp(path, last) || stat(path, &st) || !S_ISREG(st.st_mode))
		return 0;

	snprintf(last, PATH_MAX, "%s", path);
	return remote_ask(&m->remote, NULL, "path %lld %s", (long long)st.st_size, path);
}

static int check_files(struct migrate *m, pid_t pid)
{
	char path[64], cwd[PATH_MAX], last[PATH_MAX] = "", *line = NULL;
	size_t size = 0;
	ssize_t len;
	int at, ret = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	len = readlink(path, cwd, sizeof(cwd) - 1);
	if (len > 0) {
		cwd[len] = '\0';
		ret = remote_ask(&m->remote, NULL, "path - %s", cwd);
	}

	f = proc_fopen(pid, "maps");
	while (f && !ret && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		at = 0;
		if (sscanf(line, "%*s %*s %*s %*s %*s %n", &at) == 0 && at)
			ret = check_file(m, line + at, last);
	}
	if (f)
		fclose(f);
	free(line);
	return ret;
}

static int check_process(struct migrate *m, const struct tree *tree)
{
	size_t i;

	for (i = 0; i < tree->nr; i++) {
		if (same_namespace(tree->pids[i], "pid") && remote_ask(&m->remote, NULL, "pid %d", tree->pids[i]))
			return -1;
		if (same_namespace(tree->pids[i], "mnt") && check_files(m, tree->pids[i]))
			return -1;
	}

	return 0;
}

static int copy_config(struct migrate *m)
{
	char *from = chain_subdir(m->subject.bundle, "config.json"), *to = chain_subdir(m->work, CONTAINER_DIR);
	char *copy[] = { "/bin/cp", from, to, NULL };
	int ret = -1;

	if (!chain_make_subdir(m->work, CONTAINER_DIR))
		ret = run_criu(m, copy, "can't copy the container's configuration");
	free(from);
	free(to);
	return ret;
}

/* The root file system is where it is here, but for that of a bundle which is elsewhere there. */
static int check_container(struct migrate *m)
{
	const struct migrate_options *o = m->options;
	const char *bundle = o->bundle ?: m->subject.bundle, *rootfs = m->subject.rootfs;
	size_t len = strlen(m->subject.bundle);
	bool below = !strncmp(rootfs, m->subject.bundle, len) && rootfs[len] == '/';

	if (remote_ask(&m->remote, NULL, "set container %s", m->subject.container) ||
	    remote_ask(&m->remote, NULL, "set runtime %s", o->runtime) ||
	    (o->runtime_root && remote_ask(&m->remote, NULL, "set runtime-root %s", o->runtime_root)) ||
	    remote_ask(&m->remote, NULL, "set bundle %s", bundle))
		return -1;
	if (copy_config(m) || send_dir(m, CONTAINER_DIR))
		return -1;

	return remote_ask(&m->remote, NULL, "container %s%s", below ? bundle : "", below ? rootfs + len : rootfs);
}

static int send_options(struct migrate *m)
{
	const struct migrate_options *o = m->options;
	char **word;

	for (word = o->tls.word; word && *word; word++)
		if (remote_ask(&m->remote, NULL, "server-option %s", *word))
			return -1;
	for (word = o->both; *word; word++)
		if (remote_ask(&m->remote, NULL, "restore-option %s", *word))
			return -1;
	for (word = o->restore.word; word && *word; word++)
		if (remote_ask(&m->remote, NULL, "restore-option %s", *word))
			return -1;
	if (o->lazy && remote_ask(&m->remote, NULL, "lazy"))
		return -1;
	if (o->script && remote_ask(&m->remote, NULL, "set script %s", o->script))
		return -1;
	return o->check ? remote_ask(&m->remote, NULL, "set check %s", o->check) : 0;
}

/* It would wait for itself. */
static int check_self(const struct tree *tree)
{
	size_t i;

	for (i = 0; i < tree->nr; i++)
		if (tree->pids[i] == getpid()) {
			warnx("this program is one of the descendants of %d: start it elsewhere", tree->pids[0]);
			return -1;
		}

	return 0;
}

/* A directory for images there. */
static int begin_there(struct migrate *m)
{
	char reply[CHANNEL_LINE];

	if (remote_ask(&m->remote, reply, "begin %s", m->options->remote_dir) ||
	    (m->options->keep && remote_ask(&m->remote, NULL, "keep-files")))
		return -1;

	m->remote_work = strdup(reply);
	return 0;
}

int migrate_check(struct migrate *m)
{
	struct tree tree;
	int ret = -1;

	tree_collect(m->subject.pid, &tree);
	if (!check_self(&tree) && !check_versions(m) && !begin_there(m) && !check_cpu(m) &&
	    !check_space(m, &tree) && !(m->subject.container ? check_container(m) : check_process(m, &tree)))
		ret = send_options(m);
	tree_free(&tree);
	return ret;
}
