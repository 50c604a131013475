"""How events flow: what a service knows of its relay, its readers and its deliveries, judged in a word, and what those
who operate it do about it. The command line and the pages use the same functions."""
