VERDICTS = ("right", "refused", "wrong")


def write(row):
    print(row)
