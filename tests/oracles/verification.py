"""Whether a caller is verified by questions, in plain loops."""


def plain(text):
    """Letters and digits of a text in small letters; accents are dropped."""
    import unicodedata

    found = ""
    for sign in unicodedata.normalize("NFKD", text.casefold()):
        if sign.isalpha() or sign.isdigit() or sign.isnumeric():
            found += sign
    return found


def verified(record, questions, said):
    """record : question → values that are right. All of two questions are answered right."""
    if len(questions) != 2:
        return False
    for question in questions:
        answer = plain(said.get(question, ""))
        good = [plain(value) for value in record[question] if len(plain(value)) >= 4]
        if answer not in good:
            return False
    return True


def played(tries, now_s=0):
    """What becomes of tries (time in s, call, right?): list of verified, wrong or refused.

    Three wrong ones close a call, five within an hour the customer.
    """
    wrong, done = [], []
    for at, call, good in tries:
        of_call = len([1 for _, one in wrong if one == call])
        recent = len([1 for then, _ in wrong if at - then < 3600])
        if of_call >= 3 or recent >= 5:
            done.append("refused")
        elif good:
            done.append("verified")
        else:
            wrong.append((at, call))
            done.append("wrong")
    return done
