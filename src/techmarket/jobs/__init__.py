"""The job runner (任务): the sequencer, the readers of the journal, and what the clock starts."""
