# SPDX-License-Identifier: GPL-2.0
"""What the benchmarks of whole dumps are measured with: a base case, and each axis on its own."""

import subject


def shape(args, **changed):
    return subject.Shape(**dict({"mib": args.mib, "percent": 1}, **changed))


def name(s):
    words = ["%s MiB" % s.mib, "%s%%" % s.percent]
    words += ["%d tasks" % s.tasks] if s.tasks > 1 else []
    words += ["%d VMAs" % s.vmas] if s.vmas > 1 else []
    words += ["THP"] if s.thp else []
    return ", ".join(words)


def all_cases(args):
    """(name, Shape) of each case. args: see add_arguments()."""
    shapes = [shape(args)]
    shapes += [shape(args, mib=mib) for mib in (args.mib // 4, args.mib // 2, args.mib * 2, args.mib * 4)]
    shapes += [shape(args, percent=p) for p in (0.1, 10)]
    shapes += [shape(args, tasks=args.tasks)]
    shapes += [shape(args, vmas=n) for n in args.vmas]
    shapes += [shape(args, thp=True)]
    return [(name(s), s) for s in shapes]


def numbers(text):
    return [int(word) for word in text.split(",")]


def add_arguments(parser):
    parser.add_argument("--mib", type=int, default=1024, metavar="N",
                        help="memory of the base case; the others have 1/4 to 4 times that (default: %(default)s)")
    parser.add_argument("--tasks", type=int, default=64, metavar="N", help="of the case with tasks")
    parser.add_argument("--vmas", type=numbers, default=[100, 10000, 60000], metavar="N,...",
                        help="mappings of the cases with mappings")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each case (default: %(default)s)")
    parser.add_argument("--quick", action="store_true",
                        help="small and few, to see that it works; goes to build/bench/quick")


def apply_quick(args):
    if args.quick:
        args.mib, args.tasks, args.vmas, args.runs = 64, 4, [100], 2
