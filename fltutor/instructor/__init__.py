"""What a professor needs: an nbgrader course, quizzes for an LMS, a plan for a lab.

``fltutor instructor DIR`` calls it. The notebooks' machinery needs nbgrader, the extra
``instructor``; quizzes and timing sheets do not.
"""
