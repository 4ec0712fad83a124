"""Which occasions are shown, from weights that are given: one row for each, the heaviest first."""


def occasions(items, most):
    """items : (weight, at, kind, id, occasion or '') in any order; returns [[(kind, id), …], …]."""
    left = sorted(items, key=lambda i: (-i[0], -i[1], i[2], i[3]))
    shown = []
    while left and len(shown) < most:
        first = left.pop(0)
        row = [(first[2], first[3])]
        if first[4]:
            for other in list(left):
                if other[4] == first[4]:
                    row.append((other[2], other[3]))
                    left.remove(other)
        shown.append(row)
    return shown
