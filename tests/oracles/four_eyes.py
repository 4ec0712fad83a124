"""The rule of four eyes as a plain list of sentences; imports nothing of the package."""


def may_decide(request, actor, approvers, subject_now, now):
    """True if this actor may approve or reject this request now."""
    sentences = [
        actor["person"] is not None,  # a person, no machine
        actor["tenant"] == request["tenant"],  # of the same company
        actor["person"] != request["by"],  # somebody else than who asked
        actor["role"] in approvers,  # whose role decides about such changes
        request["verdict"] is None,  # nobody has decided before
        now < request["until"],  # it has not expired
        subject_now == request["subject"],  # and it is still about the same thing
    ]
    return all(sentences)


def may_execute(request, actor, requesters, subject_now, now):
    """True if this actor may make the change now."""
    sentences = [
        actor["person"] is not None,
        actor["tenant"] == request["tenant"],
        actor["person"] == request["by"],  # who asked, and nobody else
        actor["role"] in requesters,  # and may still ask for it
        request["verdict"] == "approved",  # a second person said yes
        not request["executed"],  # it was not done before
        now < request["until"],
        subject_now == request["subject"],
    ]
    return all(sentences)


def play(people, steps, requesters, approvers, valid_for):
    """Play steps of people on one request; return what each step did.

    people : id → (tenant, role). Steps: (time, "ask" | "approve" | "reject" | "execute" | "change",
    who or None). A subject is a number that "change" raises.
    """
    request, subject, did = None, 0, []
    for now, what, who in steps:
        tenant, role = people.get(who, ("-", "-"))
        actor = {"person": who, "tenant": tenant, "role": role}
        done = False
        if what == "change":
            subject, done = subject + 1, True
        elif what == "ask":
            done = request is None and who is not None and role in requesters
            if done:
                request = {
                    "tenant": tenant,
                    "by": who,
                    "subject": subject,
                    "until": now + valid_for,
                    "verdict": None,
                    "executed": False,
                }
        elif request is not None and what in ("approve", "reject"):
            done = may_decide(request, actor, approvers, subject, now)
            if done:
                request["verdict"] = "approved" if what == "approve" else "rejected"
        elif request is not None and what == "execute":
            done = may_execute(request, actor, requesters, subject, now)
            if done:
                request["executed"] = True
        did.append(done)
    return did
