"""PLACEHOLDER by the lead so that the engine imports; the helper overwrites this file whole."""
class Diagnosis:
    def look(self, evidence): return ()
    def arrays(self): return {}
    def restore(self, saved): pass
