// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "precopy-criu.h"
#include "runtime-state.h"
#include "subject.h"
#include "target.h"

#define STATE_SIZE 65536

void subject_runtime_words(const struct migrate_options *options, struct words *words)
{
	words_add(words, "%s", options->runtime);
	if (options->runtime_root) {
		words_add(words, "--root");
		words_add(words, "%s", options->runtime_root);
	}
}

/* What "runc state" prints, for the caller to free; NULL: reported. */
static char *read_state(struct runner *runner, const struct migrate_options *options)
{
	struct words words = { 0 };
	struct run run = { 0 };
	char *text = calloc(1, STATE_SIZE), *path;
	int ret = -1;

	subject_runtime_words(options, &words);
	words_add(&words, "state");
	words_add(&words, "%s", options->container);

	path = program_find(words.word[0]);
	if (!path) {
		warnx("there is no %s here: give --runtime PATH", words.word[0]);
	} else {
		free(words.word[0]);
		words.word[0] = path;
		ret = runner_run(runner, words.word, &run);
	}
	words_free(&words);
	if (!ret) {
		if (text && pread(run.messages, text, STATE_SIZE - 1, 0) < 0)
			*text = '\0';
		close(run.messages);
		close(run.lines);
		if (run.left || run.status) {
			warnx("%s does not know a container %s: %s", options->runtime, options->container, text ?: "");
			ret = -1;
		}
	}

	if (!ret)
		return text;
	free(text);
	return NULL;
}

static int find_container(struct runner *runner, const struct migrate_options *options, struct subject *subject)
{
	char *text = read_state(runner, options);
	struct runtime_state state;
	int ret;

	if (!text)
		return -1;

	ret = runtime_state_parse(text, &state);
	if (ret)
		warnx("what %s says of the container %s can't be understood: %s", options->runtime, options->container, text);
	free(text);
	if (ret)
		return -1;

	subject->container = options->container;
	subject->pid = state.pid;
	subject->bundle = state.bundle;
	subject->rootfs = state.rootfs;
	if (state.running)
		return 0;

	warnx("the container %s does not run", options->container);
	return -1;
}

/*
 * The directory in /proc is locked, since there it is before and gone after, whichever way it
 * is named. Not for those who see another /proc.
 */
static int lock(struct subject *subject)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", subject->pid);
	subject->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (subject->lock < 0) {
		warn("%s", path);
		return -1;
	}
	if (!flock(subject->lock, LOCK_EX | LOCK_NB))
		return 0;

	if (errno == EWOULDBLOCK)
		warnx("%d is being moved by another uffd-wpctl migrate already", subject->pid);
	else
		warn("can't lock %s", path);
	return -1;
}

int subject_find(struct runner *runner, const struct migrate_options *options, struct subject *subject)
{
	*subject = (struct subject){ .pid = options->pid, .pidfd = -1, .lock = -1 };
	if (options->container && find_container(runner, options, subject))
		return -1;

	subject->pidfd = target_open(subject->pid);
	return subject->pidfd < 0 ? -1 : lock(subject);
}

void subject_free(struct subject *subject)
{
	if (subject->lock >= 0)
		close(subject->lock);
	if (subject->pidfd >= 0)
		close(subject->pidfd);
	free(subject->bundle);
	free(subject->rootfs);
}
