// SPDX-License-Identifier: GPL-2.0
/*
 * A seccomp filter kills the target for userfaultfd(2), as a strict sandbox
 * does: the context has to be opened with the filter suspended, and the filter
 * has to be in force again afterwards.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 256

static struct region *area;

/* userfaultfd: the end. syslog: EDOM, to see whether the filter is there. */
static void install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_syslog, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
}

static void check_filter(void)
{
	if (syscall(SYS_syslog, 0, NULL, 0) != -1 || errno != EDOM)
		fail("the seccomp filter is gone");
}

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	install_filter();
	check_filter();
}

void subject_step(int n)
{
	(void)n;
	check_filter();
	pages_write_some(area, 0, NR_PAGES, 4);
	expect_region(area, 4);
}
