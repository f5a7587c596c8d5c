// SPDX-License-Identifier: GPL-2.0
/* Which task a pid is. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper-client.h"
#include "unit.h"

static pid_t start_child(const char *name)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NAME, name);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}

	assert_true(pid > 0);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void names_the_caller(void **state)
{
	struct task_id id;
	struct stat st;

	(void)state;
	assert_int_equal(task_id_read(getpid(), &id), 0);
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	assert_int_equal(id.pid, getpid());
	assert_int_equal(id.pidns, st.st_ino);
}

/* In clock ticks since boot, so it lies between then and now. */
static void start_time_is_that_of_the_start(void **state)
{
	const struct timespec tick = { .tv_nsec = 20000000 };
	struct task_id first, second;
	struct timespec now;
	uint64_t ticks;
	pid_t pid;

	(void)state;
	pid = start_child("first");
	assert_int_equal(task_id_read(pid, &first), 0);
	end_child(pid);
	nanosleep(&tick, NULL);
	pid = start_child("second");
	assert_int_equal(task_id_read(pid, &second), 0);
	end_child(pid);
	assert_true(second.start_time > first.start_time);

	clock_gettime(CLOCK_BOOTTIME, &now);
	ticks = now.tv_sec * sysconf(_SC_CLK_TCK);
	assert_in_range(second.start_time, ticks - 10 * sysconf(_SC_CLK_TCK), ticks + sysconf(_SC_CLK_TCK));
}

/* A name may look like other fields. */
static void name_does_not_matter(void **state)
{
	static const char *const names[] = { ") S 1 1 1", "a b c", "))((", "(", "\n9 9 9" };
	struct task_id plain, odd;
	pid_t pid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct timespec moment = { .tv_nsec = 50000000 };

		pid = start_child("plain");
		assert_int_equal(task_id_read(pid, &plain), 0);
		end_child(pid);
		pid = start_child(names[i]);
		nanosleep(&moment, NULL);
		assert_int_equal(task_id_read(pid, &odd), 0);
		end_child(pid);
		assert_in_range(odd.start_time, plain.start_time, plain.start_time + sysconf(_SC_CLK_TCK));
	}
}

static void no_such_task(void **state)
{
	struct task_id id;
	pid_t pid;

	(void)state;
	pid = start_child("gone");
	end_child(pid);
	assert_int_equal(task_id_read(pid, &id), -ESRCH);
	assert_int_equal(task_id_read(0, &id), -ESRCH);
	assert_int_equal(task_id_read(-1, &id), -ESRCH);
}

/* A child that calls execve() when told; the pipe closes when it did. */
static pid_t start_that_execs(int *go, int *done)
{
	int to[2], from[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		close(to[1]);
		if (read(to[0], &byte, 1) == 1)
			execlp("sleep", "sleep", "60", NULL);
		_exit(1);
	}

	assert_true(pid > 0);
	close(to[0]);
	close(from[1]);
	*go = to[1];
	*done = from[0];
	return pid;
}

static void exec_changes_the_exec_id(void **state)
{
	struct task_id before, again, after;
	int go, done;
	pid_t pid;
	char byte;

	(void)state;
	pid = start_that_execs(&go, &done);
	assert_int_equal(task_id_read(pid, &before), 0);
	assert_int_equal(task_exec_id_read(&before), 0);
	again = before;
	assert_int_equal(task_exec_id_read(&again), 0);
	assert_memory_equal(before.exec_id, again.exec_id, TASK_EXEC_ID_SIZE);

	assert_int_equal(write(go, "", 1), 1);
	assert_int_equal(read(done, &byte, 1), 0);
	assert_int_equal(task_id_read(pid, &after), 0);
	assert_int_equal(task_exec_id_read(&after), 0);
	assert_int_equal(before.start_time, after.start_time);
	assert_memory_not_equal(before.exec_id, after.exec_id, TASK_EXEC_ID_SIZE);

	end_child(pid);
	assert_int_equal(task_exec_id_read(&after), -ESRCH);
	close(go);
	close(done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_caller),
		cmocka_unit_test(start_time_is_that_of_the_start),
		cmocka_unit_test(name_does_not_matter),
		cmocka_unit_test(no_such_task),
		cmocka_unit_test(exec_changes_the_exec_id),
	};

	return cmocka_run_group_tests_name("task ids", tests, NULL, NULL);
}
