#include <signal.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtmtst.h"

const char *test_doc = "Check that the personality is restored, and that a child's is its own";
const char *test_author = "criu-uffd-wp";

/* As /proc/pid/personality shows them, 01340000 and 00c40000 */
#define CHILD_PERSONA  (ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO | SHORT_INODE)
#define PARENT_PERSONA (ADDR_NO_RANDOMIZE | ADDR_LIMIT_32BIT | READ_IMPLIES_EXEC)

/* personality() does not change anything when it is called with this */
#define GET_PERSONA 0xffffffff

static int check(const char *who, unsigned int want)
{
	unsigned int persona = personality(GET_PERSONA);

	if (persona == want)
		return 0;

	pr_err("%s has personality %#x, had %#x\n", who, persona, want);
	return 1;
}

int main(int argc, char **argv)
{
	int status, failed;
	pid_t pid;

	test_init(argc, argv);

	/* Inherited by the child */
	personality(CHILD_PERSONA);

	pid = test_fork();
	if (pid < 0) {
		pr_perror("Can't fork");
		return 1;
	}
	if (!pid) {
		test_waitsig();
		return check("The child", CHILD_PERSONA);
	}

	personality(PARENT_PERSONA);

	test_daemon();
	test_waitsig();

	failed = check("The parent", PARENT_PERSONA);

	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid) {
		pr_perror("Can't wait for the child");
		return 1;
	}

	if (failed || status)
		fail("A personality changed");
	else
		pass();

	return 0;
}
