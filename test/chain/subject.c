// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/rseq.h>
#include <unistd.h>

#include "subject.h"

int cur_step;
bool restored;
bool stock_only;

static uint64_t rnd_state;
static char command[16] = "setup";
static char *program;

__attribute__((weak)) void subject_check(int n)
{
	(void)n;
}

__attribute__((weak)) void subject_resume(int n)
{
	fail("no subject_resume() for step %d", n);
}

__attribute__((weak)) void subject_busy(void)
{
}

__attribute__((weak)) void subject_idle(void)
{
}

__attribute__((weak)) const char subject_traits[] = "";

static void write_ack(const char *text)
{
	char tmp[32];
	int fd;

	snprintf(tmp, sizeof(tmp), "ack.%d", getpid());
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd))
		_exit(3);
	subject_idle();
	if (rename(tmp, "ack"))
		_exit(3);
}

__attribute__((noreturn)) static void verdict(const char *what, int status, const char *fmt, va_list args)
{
	char text[1024];
	int len;

	len = snprintf(text, sizeof(text), "%s ", what);
	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	write_ack(text);
	_exit(status);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	verdict("fail", 1, fmt, args);
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	verdict("skip", 77, fmt, args);
}

/* Opened and closed for each line: no descriptor may be open while the task is dumped. */
__attribute__((format(printf, 2, 3))) static void note(const char *file, const char *fmt, ...)
{
	char path[32], line[256];
	va_list args;
	int fd, len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s.%d", file, getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, len) != len || close(fd))
		fail("%s: %m", path);
}

void expect_full(const void *start, size_t len)
{
	note("rules", "full %#lx %zu\n", (unsigned long)start, len);
}

void expect_written(const void *start, size_t len)
{
	note("rules", "written %#lx %zu\n", (unsigned long)start, len);
}

void expect_in_last(const void *start, size_t len)
{
	note("rules", "plugin last written %#lx %zu\n", (unsigned long)start, len);
}

void expect_untracked(const void *start, size_t len)
{
	note("rules", "plugin pre-dump absent %#lx %zu\n", (unsigned long)start, len);
	note("rules", "plugin last full %#lx %zu\n", (unsigned long)start, len);
}

void expect_gone(const void *start, size_t len)
{
	note("rules", "gone %#lx %zu\n", (unsigned long)start, len);
}

void expect_written_by_plugin(const void *start, size_t len)
{
	note("rules", "plugin written %#lx %zu\n", (unsigned long)start, len);
}

void expect_parent_by_plugin(const void *start, size_t len)
{
	note("rules", "plugin atmost %#lx %zu 0\n", (unsigned long)start, len);
	note("rules", "plugin parent %#lx %zu %zu\n", (unsigned long)start, len, len / page_size);
}

void expect_at_most(const void *start, size_t len, size_t pages)
{
	note("rules", "atmost %#lx %zu %zu\n", (unsigned long)start, len, pages);
}

void expect_parent(const void *start, size_t len, size_t pages)
{
	note("rules", "parent %#lx %zu %zu\n", (unsigned long)start, len, pages);
}

void expect_region(const struct region *r, size_t dirty_pages)
{
	expect_region_part(r, 0, r->nr_pages, dirty_pages);
}

void expect_region_part(const struct region *r, size_t first, size_t nr, size_t dirty_pages)
{
	expect_at_most(region_page(r, first), nr * page_size, dirty_pages);
	expect_parent(region_page(r, first), nr * page_size, nr - dirty_pages);
}

void expect_shared(size_t pages, size_t more_in_last)
{
	note("rules", "plugin pre-dump shared 0 0 %zu\n", pages);
	note("rules", "plugin last shared 0 0 %zu\n", pages + more_in_last);
}

void expect_full_if_stopped(const void *start, size_t len)
{
	note("rules", "stopped full %#lx %zu\n", (unsigned long)start, len);
}

void mark_volatile(const void *start, size_t len, const char *reason)
{
	note("volatile", "%#lx %zu %s\n", (unsigned long)start, len, reason);
}

void mark_rseq_volatile(void)
{
	if (__rseq_size)
		mark_volatile((char *)__builtin_thread_pointer() + __rseq_offset, sizeof(struct rseq), "rseq");
}

uint64_t rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state;
}

size_t rnd_below(size_t n)
{
	return rnd() % n;
}

void process_begin(void)
{
	char path[32];

	snprintf(path, sizeof(path), "rules.%d", getpid());
	unlink(path);
}

void process_end(void)
{
	model_expect_written();
	model_save();
}

static void read_command(void)
{
	char buf[64] = "";
	int fd, n;

	fd = open("cmd", O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	must(read(fd, buf, sizeof(buf) - 1) > 0);
	must(close(fd) == 0);
	if (sscanf(buf, "%15s %d", command, &n) != 2)
		fail("bad command \"%s\"", buf);
	if (!strcmp(command, "step"))
		cur_step = n;
}

static void acknowledge(void)
{
	char text[64];

	process_end();
	snprintf(text, sizeof(text), "ok %s %d", command, cur_step);
	write_ack(text);
}

static void obey(void)
{
	subject_busy();
	read_command();
	if (!strcmp(command, "step")) {
		process_begin();
		subject_step(cur_step);
	} else if (!strcmp(command, "check")) {
		restored = true;
		model_check();
		subject_check(cur_step);
	} else {
		fail("unknown command \"%s\"", command);
	}
	acknowledge();
}

void serve_commands(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (;;) {
		/* Every stop for a dump ends the wait with EINTR. */
		if (sigwaitinfo(&set, NULL) == SIGUSR1)
			obey();
	}
}

void acknowledge_and_serve(void)
{
	acknowledge();
	serve_commands();
}

void subject_exec(void)
{
	char step[16], seed[32];

	snprintf(step, sizeof(step), "%d", cur_step);
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)rnd());
	execl(program, program, ".", seed, stock_only ? "stock" : "track", step, NULL);
	fail("exec: %m");
}

static long find_kb(const char *path, const char *field)
{
	char buf[8192], *at;
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	len = read(fd, buf, sizeof(buf) - 1);
	must(len > 0);
	must(close(fd) == 0);
	buf[len] = '\0';
	for (at = strstr(buf, field); at; at = strstr(at + 1, field))
		if ((at == buf || at[-1] == '\n') && at[strlen(field)] == ':')
			return strtol(at + strlen(field) + 1, NULL, 10);
	return -1;
}

long status_kb(const char *field)
{
	return find_kb("/proc/self/status", field);
}

long meminfo_kb(const char *field)
{
	return find_kb("/proc/meminfo", field);
}

size_t need_huge_pages(size_t nr)
{
	if (meminfo_kb("HugePages_Free") < (long)nr)
		skip("no huge pages configured (vm.nr_hugepages; or run with --host-setup)");
	return meminfo_kb("Hugepagesize") * 1024;
}

long smaps_kb(const void *start, const char *field)
{
	char line[512], prefix[32];
	bool inside = false;
	long value = -1;
	FILE *f;

	snprintf(prefix, sizeof(prefix), "%lx-", (unsigned long)start);
	f = fopen("/proc/self/smaps", "re");
	must(f);
	while (value < 0 && fgets(line, sizeof(line), f)) {
		if (strchr("0123456789abcdef", line[0]))
			inside = !strncmp(line, prefix, strlen(prefix));
		else if (inside && !strncmp(line, field, strlen(field)))
			value = strtol(line + strlen(field) + 1, NULL, 10);
	}
	fclose(f);
	return value;
}

long read_number(const char *path)
{
	char buf[64] = "";
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, buf, sizeof(buf) - 1);
	must(close(fd) == 0);
	return len > 0 ? strtol(buf, NULL, 10) : -1;
}

/* SUBJECT DIR SEED track|stock [STEP], or SUBJECT --traits */
int main(int argc, char **argv)
{
	sigset_t set;

	if (argc == 2 && !strcmp(argv[1], "--traits")) {
		puts(subject_traits);
		return 0;
	}
	if (argc < 4 || chdir(argv[1]))
		return 2;
	page_size = sysconf(_SC_PAGESIZE);
	program = argv[0];
	stock_only = !strcmp(argv[3], "stock");
	model_seed = strtoull(argv[2], NULL, 0) | 1;
	rnd_state = model_seed * 0x9e3779b97f4a7c15ULL;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	mark_rseq_volatile();
	if (argc > 4) {
		strcpy(command, "step");
		cur_step = atoi(argv[4]);
		subject_resume(cur_step);
	} else {
		subject_setup();
	}
	acknowledge_and_serve();
}
