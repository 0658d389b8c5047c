"""Records a training and brings backends level with it.

- **event**: something that happened to a run, one of the kinds in `document/events.py`.
- **journal**: the file in a run's folder with an event a line. It is the run; all else can be made of it again.
- **fold**: what a sequence of events makes: `Run`, the document.
- **place**: an index in one of the document's lists. An epoch keeps its place, also when it is saved again.
- **copy**: what a backend has of a run: its document, what lies beside it, its files, and signs of life.
- **beside**: documents of a run in services of their own: batches, measurements of the machine, alerts.
- **level**: of a copy: it lacks nothing. To level it is to send, patch by patch, what it lacks.
- **stale**: of a place: the copy's value there is older than the run's.
- **fresh**: of a run: made just now, so that no backend can have it.
- **gone**: of a copy: a person removed the run there, and there it stays removed.
- **fence**: the marks on a copy that keep out a patch that comes late, and another writer's.
- **complete**: said to users when the folder and the backend have all of a run, its files and what lies beside it.
"""
