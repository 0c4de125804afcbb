a = """two
lines"""
b = r"\d" "x"
c = {"k": -1.5e3, "n": None}
d = 1 + 2
# comment
